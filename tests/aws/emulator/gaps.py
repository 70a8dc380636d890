"""Fixes of moto where its responses differ from AWS in a way that Terraform notices."""

import datetime
import json
import time
import types

from moto.apigatewayv2.models import DomainName
from moto.awslambda.models import LambdaBackend
from moto.cloudfront import urls as cloudfront
from moto.cloudfront.responses import CloudFrontResponse
from moto.codedeploy import models as codedeploy
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.eks.responses import EKSResponse
from moto.route53 import models as route53
from moto.s3.models import FakeDeleteMarker, FakeKey
from moto.sqs import models as sqs
from moto.sqs.models import sqs_backends
from moto.ssm.models import Parameter, ParameterDict

call = BaseResponse.call_action


def call_action(self):
    """What moto lacks fails at once: clients repeat a call that is answered with 500 for minutes."""
    try:
        return call(self)
    except NotImplementedError as lacking:
        return 501, {}, str(lacking)


BaseResponse.call_action = call_action

# AWS returns seconds.
codedeploy.iso_8601_datetime_with_milliseconds = time.time

# AWS returns a redrive policy as it was sent, without white space.
sqs.json = types.SimpleNamespace(**{name: getattr(json, name) for name in ("loads", "JSONDecodeError")})
sqs.json.dumps = lambda value, **options: json.dumps(value, **{"separators": (",", ":"), **options})


def keep_policies(kind, path):
    """CloudFront keeps policies of this kind as they were sent."""
    kept = {}

    def create(self):
        made = {"Id": f"{kind}-{len(kept)}", "LastModifiedTime": datetime.datetime.now(), f"{kind}Config": self._get_param(f"{kind}Config")}
        kept[made["Id"]] = {kind: made, "ETag": "1"}
        return ActionResult(kept[made["Id"]])

    setattr(CloudFrontResponse, f"create_{path.replace('-', '_')}", create)
    setattr(CloudFrontResponse, f"get_{path.replace('-', '_')}", lambda self: ActionResult(kept[self._get_param("Id")]))
    cloudfront.url_paths |= {f"{{0}}/2020-05-31/{path}{rest}$": CloudFrontResponse.dispatch for rest in ("", "/(?P<policy>[^/]+)")}


keep_policies("CachePolicy", "cache-policy")
keep_policies("ResponseHeadersPolicy", "response-headers-policy")

domain = DomainName.to_json


def domain_in_service(name):
    """A custom domain has a host at once, to which its record points."""
    served = {"domainNameStatus": "AVAILABLE", "apiGatewayDomainName": "d-1.execute-api.eu-central-1.amazonaws.com", "hostedZoneId": "Z1"}
    return {**domain(name), "domainNameConfigurations": [{**one, **served} for one in name.domain_name_configurations]}


DomainName.to_json = domain_in_service

# Zones of AWS have ids that begin with Z.
zone_id = route53.create_route53_zone_id
route53.create_route53_zone_id = lambda **of: f"Z{zone_id(**of)}"

described = codedeploy.DeploymentGroup.to_dict


def deployment_group(group):
    """With the alarms that it was created with, and without unset fields."""
    described_as = {**described(group), "alarmConfiguration": group.alarm_configuration or {}}
    return {name: value for name, value in described_as.items() if name != "loadBalancerInfo" or value}


codedeploy.DeploymentGroup.to_dict = deployment_group


def delete_deployment_group(self):
    groups = self.codedeploy_backend.deployment_groups.get(self._get_param("applicationName"), {})
    groups.pop(self._get_param("deploymentGroupName"), None)
    return json.dumps({"hooksNotCleanedUp": []})


def delete_application(self):
    name = self._get_param("applicationName")
    self.codedeploy_backend.deployment_groups.pop(name, None)
    self.codedeploy_backend.applications.pop(name, None)
    return "{}"


CodeDeployResponse.delete_deployment_group = delete_deployment_group
CodeDeployResponse.delete_application = delete_application

# A delete marker has no content to release.
FakeDeleteMarker.dispose = lambda marker: None

# An object can declare its age in seconds, since young objects are not swept.
put_at = FakeKey.last_modified_ISO8601.fget


def aged(key):
    age = datetime.timedelta(seconds=int(key.metadata.get("x-amz-meta-age", 0)))
    return put_at(types.SimpleNamespace(last_modified=key.last_modified - age))


FakeKey.last_modified_ISO8601 = property(aged)

create = LambdaBackend.create_event_source_mapping


def create_event_source_mapping(backend, spec):
    """A mapping includes the alias that it was created for. No function runs here, so none receives the queue's messages."""
    named = spec["FunctionName"]
    mapping = create(backend, spec)
    if named.startswith("arn:"):
        mapping.function_arn = named
    for queue in sqs_backends[backend.account_id][backend.region_name].queues.values():
        queue.lambda_event_source_mappings.clear()
    return mapping


LambdaBackend.create_event_source_mapping = create_event_source_mapping

known = ParameterDict._check_loading_status


def with_eks_amis(parameters, key):
    """AWS publishes the newest AMI of nodes for each version of Kubernetes."""
    known(parameters, key)
    words = str(key or "").split("/")
    if words[:5] != ["", "aws", "service", "eks", "optimized-ami"] or words[-1] != "release_version" or dict.__contains__(parameters, key):
        return
    one = Parameter(
        account_id=parameters.account_id, name=key, value=f"{words[5]}.0-20260901", parameter_type="String", description=None,
        allowed_pattern=None, keyid=None, last_modified_date=time.time(), version=1, data_type="text",
    )
    dict.setdefault(parameters, key, []).append(one)


ParameterDict._check_loading_status = with_eks_amis

create_cluster, create_nodegroup = EKSResponse.create_cluster, EKSResponse.create_nodegroup


def create_cluster_as_asked(self):
    answer = create_cluster(self)
    cluster = self.eks_backend.describe_cluster(self._get_param("name"))
    cluster.access_config, cluster.upgrade_policy = self._get_param("accessConfig"), self._get_param("upgradePolicy")
    cluster.zonal_shift_config = self._get_param("zonalShiftConfig")
    # An issuer of its own.
    cluster.identity = {"oidc": {"issuer": f"{cluster.identity['oidc']['issuer']}{cluster.name.replace('-', '')}"}}
    return answer


def create_nodegroup_as_asked(self):
    """With how it is updated, and without the SSH access that moto invents."""
    answer = create_nodegroup(self)
    group = self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))
    group.update_config, group.remote_access = self._get_param("updateConfig"), None
    return answer


EKSResponse.create_cluster, EKSResponse.create_nodegroup = create_cluster_as_asked, create_nodegroup_as_asked

create_version = LaunchTemplate.create_version


def create_version_as_asked(template, data, description):
    """moto adds the tags of the template itself to those of what is created from it."""
    tags = [one for one in data.get("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
    return create_version(template, {**data, "TagSpecifications": tags}, description)


LaunchTemplate.create_version = create_version_as_asked
