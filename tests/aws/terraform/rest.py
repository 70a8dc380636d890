"""Checks that nothing of Terraform is left on moto except the buckets of states and the roles of CI."""

import re

import boto3


def of(service, call, key, name, **arguments):
    """The names in the response of a list call."""
    client = boto3.client(service)
    answer = getattr(client, call)(**arguments)
    return [f"{service}: {found if name is None else found.get(name)}" for found in answer.get(key, [])]


def check():
    left = [
        *of("dynamodb", "list_tables", "TableNames", None),
        *of("sqs", "list_queues", "QueueUrls", None),
        *of("sns", "list_topics", "Topics", "TopicArn"),
        *of("ssm", "get_parameters_by_path", "Parameters", "Name", Path="/roster", Recursive=True),
        *of("lambda", "list_functions", "Functions", "FunctionName"),
        *of("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        *of("apigatewayv2", "get_apis", "Items", "Name"),
        *of("codedeploy", "list_applications", "applications", None),
        *of("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        *of("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        *of("logs", "describe_log_groups", "logGroups", "logGroupName"),
        *of("eks", "list_clusters", "clusters", None),
        *of("ecr", "describe_repositories", "repositories", "repositoryName"),
        *of("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
        *of("ec2", "describe_addresses", "Addresses", "PublicIp"),
        *of("ec2", "describe_vpcs", "Vpcs", "VpcId", Filters=[{"Name": "is-default", "Values": ["false"]}]),
        *of("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", Filters=[{"Name": "state", "Values": ["available"]}]),
    ]
    buckets = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    states = [name for name in buckets if re.match("roster-(dev|stage|prod)-states-", name)]
    assert states, "no bucket of states exists: this checks nothing"
    left += [f"s3: {name}" for name in buckets if name not in states]
    roles = [role["RoleName"] for role in boto3.client("iam").list_roles(MaxItems=1000)["Roles"]]
    left += [f"iam: {name}" for name in roles if name.startswith("roster-dev-") and not name.startswith("roster-dev-ci-")]
    assert not left, "\n".join(["not everything is destroyed:", *left])
    print("nothing is left but the buckets of states and the roles of CI")
