# The rules of Terraform itself, which are part of tflint: those for AWS would be a plugin to download.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Stacks have files of common variables and of topics: see docs/terraform.md.
rule "terraform_standard_module_structure" {
  enabled = false
}
