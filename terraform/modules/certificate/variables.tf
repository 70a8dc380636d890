variable "domain" {
  description = "Host name of the certificate, such as `users.example.org`."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be one host name in lower case, without a wildcard."
  }
}

variable "zone_id" {
  description = "Id of the public hosted zone of Route 53 in which the host name is."
  type        = string

  validation {
    condition     = can(regex("^Z[A-Z0-9]+$", var.zone_id))
    error_message = "zone_id must be the id of a hosted zone, such as Z0123456789ABC."
  }
}
