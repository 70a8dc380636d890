"""Terraform on moto: everything is created with the values of `dev`, planned again, used by functions and pods with their own roles
while moto enforces the policies, restored under new names, and destroyed. Each test continues where the one before it ended."""

import concurrent.futures
import shutil

import by_functions
import by_pods
import ci_roles
import policies
import restored
import rest
from deployed import MARKER
from stacks import step
from support.moto import ACCOUNT

RESTORED = restored.Names(
    table="roster-dev-users", bucket=f"roster-dev-avatars-{ACCOUNT}", new_table="roster-dev-users-2", new_bucket=f"roster-dev-avatars-2-{ACCOUNT}",
)


def test_another_account_is_refused_before_anything_is_created(stacks):
    other = shutil.copytree(stacks.values, stacks.values.parent / "other")
    for file in other.iterdir():
        file.write_text(file.read_text().replace(ACCOUNT, "999999999999"))
    done = stacks.run("bootstrap", "create", "-auto-approve", "-input=false", environment="other")
    assert done.returncode != 0 and "account ID not allowed" in done.stdout + done.stderr, done.stdout + done.stderr


def test_everything_is_created_by_calls_that_the_apply_role_may_make(stacks, calls):
    with step("bootstrap: create"):
        stacks.create()
    calls.write_text("")
    for stack in ("data", "platform", "service"):
        with step(f"{stack}: apply"):
            stacks.apply(stack)
    ci_roles.Roles("dev").may_apply(ci_roles.made_by("dev", calls))
    ci_roles.check_boundaries("dev")


def test_a_second_plan_changes_nothing_and_needs_no_more_than_the_plan_role(stacks, calls, moto):
    """It is planned with that role while moto enforces its policy."""
    calls.write_text("")

    def plans_again(*names):
        for stack in names:
            with step(f"{stack}: plan again"):
                changes = stacks.changes(stack)
            assert not changes, f"{stack}: {changes}"

    # Two at a time: each run of terraform keeps one core busy most of the time.
    with stacks.as_plan_role(), moto.enforcing(), concurrent.futures.ThreadPoolExecutor(2) as pool:
        for running in [pool.submit(plans_again, "platform", "bootstrap"), pool.submit(plans_again, "service", "data")]:
            running.result()
    assert not moto.denied(stacks.plan_role), moto.denied(stacks.plan_role)
    ci_roles.Roles("dev").may_plan(ci_roles.made_by(stacks.plan_role, calls))


def node_groups(changes):
    groups = {address: change for address, change in changes.items() if ".aws_eks_node_group." in address}
    assert len(groups) == 3, f"not a group in each zone: {sorted(changes)}"
    return groups


def destroyed(changes):
    return {address for address, change in changes.items() if "delete" in change["actions"]}


def values(change, *names):
    """These attributes before and after."""
    return [tuple(change[when][name] for name in names) for when in ("before", "after")]


def test_a_new_version_moves_the_control_plane_and_the_nodes_in_place(stacks):
    changes = stacks.planned("platform", "-var=kubernetes_version=1.37")
    assert not destroyed(changes), "a new version destroys a cluster or its nodes"
    assert values(changes["module.cluster.aws_eks_cluster.this"], "version") == [("1.36",), ("1.37",)]
    for group in node_groups(changes).values():
        assert values(group, "version", "release_version") == [("1.36", "1.36.0-20260901"), ("1.37", "1.37.0-20260901")]


def test_a_new_instance_type_creates_a_node_group_before_it_destroys_the_old_one(stacks):
    changes = stacks.planned("platform", '-var=nodes={instance_types=["m7g.xlarge"]}')
    assert destroyed(changes) == node_groups(changes).keys()
    for group in node_groups(changes).values():
        assert ["instance_types"] in group["replace_paths"] and group["actions"] == ["create", "delete"], group["actions"]


class TestWithTheirRolesOnly:
    """Every call of a part must be allowed, and every allowed action must be called."""

    def test_the_functions_work(self, deployed, zips, tmp_path):
        with step("used as functions"):
            by_functions.use(deployed, zips, tmp_path)

    def test_the_pods_work(self, deployed, tmp_path):
        with step("used as pods"):
            by_pods.use(deployed, tmp_path)

    def test_the_policies_allow_what_was_called_and_nothing_else(self, deployed):
        policies.compare(deployed.policies, deployed.roles, deployed.calls.read_text())

    def test_other_calls_are_denied(self, deployed):
        table, bucket, denied = deployed.table, deployed.bucket, deployed.denied
        user, image = {"id": {"S": "0" * 64}}, by_functions.ORPHAN
        denied("list-users", "dynamodb", "put_item", TableName=table, Item=user)
        denied("list-users", "s3", "get_object", Bucket=bucket, Key=image)
        denied("create-user", "dynamodb", "delete_item", TableName=table, Key=user)
        denied("list-users", "s3", "get_object", Bucket=bucket, Key=MARKER)
        denied("create-user", "s3", "get_object", Bucket=bucket, Key=image)
        denied("operator", "s3", "put_object", Bucket=bucket, Key=MARKER, Body=b"{}")
        rename = {"UpdateExpression": "SET #name = :name", "ExpressionAttributeNames": {"#name": "name"}, "ExpressionAttributeValues": {":name": {"S": "Eve"}}}
        denied("operator", "dynamodb", "update_item", TableName=table, Key=user, **rename)
        denied("serve-avatar", "dynamodb", "put_item", TableName=table, Item=user)
        denied("serve-avatar", "s3", "delete_object", Bucket=bucket, Key=image)
        denied("worker", "dynamodb", "put_item", TableName=table, Item=user)
        for name in set(deployed.roles) - {"create-user", "manage-user", "api"}:
            denied(name, "s3", "get_object", Bucket=deployed.uploads, Key="sent/1")
        denied("manage-user", "s3", "put_object", Bucket=deployed.uploads, Key="sent/1", Body=b"")
        denied("manage-user", "s3", "put_object", Bucket=deployed.uploads, Key="announced/1", Body=b"")
        denied("api", "s3", "delete_object", Bucket=deployed.uploads, Key="claimed/1")
        denied("api", "sqs", "receive_message", QueueUrl=deployed.queue)
        for name in deployed.roles:
            denied(name, "dynamodb", "get_item", TableName="roster-prod-users", Key=user)
            denied(name, "s3", "get_object", Bucket=bucket.replace("dev", "prod"), Key=image)


def test_table_and_bucket_are_restored_under_new_names(stacks, tmp_path):
    """As in docs/restore.md, with the steps of AWS itself done on moto."""
    with step("restore"):
        stacks.tf("data", "state", "rm", "module.users_table", "module.avatar_bucket")
        restored.restore_table(RESTORED)
        stacks.append("data.tfvars", "generation = 2")
        stacks.tf("data", "import", "-no-color", "-input=false", "module.users_table.aws_dynamodb_table.this", RESTORED.new_table)
        stacks.apply("data")
        # These include the marker of the lost bucket: nothing starts before Terraform has rewritten it.
        restored.restore_objects(RESTORED)
        restored.check_service_refuses(RESTORED)
        stacks.apply("data")
        stacks.apply("service")
    assert stacks.output("service", "settings")["ROSTER_USERS_TABLE"] == RESTORED.new_table
    restored.check_equal(RESTORED, tmp_path)


def test_nothing_is_left_after_everything_is_destroyed(stacks, calls):
    calls.write_text("")
    for stack in ("service", "platform", "data"):
        with step(f"{stack}: destroy"):
            stacks.destroy(stack)
    ci_roles.Roles("dev").may_apply(ci_roles.made_by("dev", calls))
    restored.drop_lost(RESTORED)
    rest.check()
