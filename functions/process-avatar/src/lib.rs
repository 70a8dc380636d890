//! A stored image becomes its renditions.
