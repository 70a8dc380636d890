# The rules of Terraform itself, which are part of tflint: those for AWS would be a plugin to download.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# For modules `checks/check` turns it on. Stacks have two files of variables, one of them the same in each, and examples
# and the earlier layout in `tests/before` are one call each.
rule "terraform_standard_module_structure" {
  enabled = false
}
