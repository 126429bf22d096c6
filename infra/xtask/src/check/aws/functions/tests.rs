//! A sound domain of one route, then the same with one thing wrong.

use serde_json::{Value, json};

use super::*;

const PATH: &str = "infra/aws/game.yaml";

fn expected() -> Expected {
    let route = json!({ "id": "game-state", "method": "GET", "path": "/state", "domain": "game", "secrets": [],
        "sessions": "get", "shells": ["lambda"], "exposure": "public" });
    let variables = json!([{ "name": "DATABASE_URL", "default": null }, { "name": "LOG_LEVEL", "default": "info" },
        { "name": "AUTH_SIGNING_KEY", "default": "" }]);
    Expected {
        routes: vec![serde_json::from_value(route).unwrap()],
        jobs: serde_json::from_value(json!([
            { "id": "purge", "schedule": "1 2 * * *", "fills": "things" },
            { "id": "take", "queue": "things", "tries": 5 },
        ]))
        .unwrap(),
        variables: serde_json::from_value(variables).unwrap(),
    }
}

fn function(id: &str, code: &str) -> Value {
    json!({ "Type": "AWS::Lambda::Function", "Properties": {
        "Code": { "S3Key": format!("../../target/lambda/{code}") },
        "LoggingConfig": { "LogGroup": { "Ref": format!("{id}Logs") } },
        "Timeout": 12,
        "Environment": { "Variables": { "DATABASE_URL": "x" } },
    } })
}

#[expect(clippy::needless_pass_by_value, reason = "rows are written where they are read")]
fn role(statements: Value) -> Value {
    json!({ "Type": "AWS::IAM::Role", "Properties": { "Policies": [{ "PolicyDocument": { "Statement": statements } }] } })
}

fn sound() -> Templates {
    let metrics = json!([{ "Dimensions": [{ "Name": "Resource", "Value": "/state" }] }]);
    let statement = json!({ "Action": ["dynamodb:GetItem"], "Effect": "Allow", "Resource": "x" });
    let game = json!({ "Resources": {
        "ServerlessDeploymentApplication": { "Type": "AWS::CodeDeploy::Application" },
        "CodeDeployServiceRole": { "Type": "AWS::IAM::Role" },
        "GameState": function("GameState", "game-state"),
        "GameStateRole": { "Type": "AWS::IAM::Role", "Properties": {
            "Policies": [{ "PolicyDocument": { "Statement": [statement] } }],
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"] } },
        "GameStateVersion0a": { "Type": "AWS::Lambda::Version" },
        "GameStateAliaslive": { "Type": "AWS::Lambda::Alias" },
        "GameStateDeploymentGroup": { "Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {
            "AlarmConfiguration": { "Alarms": [{ "Name": { "Ref": "GameStateFailing" } }] } } },
        "GameStateLogs": { "Type": "AWS::Logs::LogGroup", "Properties": { "RetentionInDays": 7 } },
        "GameStateIntegration": { "Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "IntegrationUri": { "Ref": "GameStateAliaslive" } } },
        "GameStateRoute": { "Type": "AWS::ApiGatewayV2::Route", "Properties": { "RouteKey": "GET /state",
            "Target": { "Fn::Sub": "integrations/${GameStateIntegration}" } } },
        "GameStatePermission": { "Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": { "Ref": "GameStateAliaslive" } } },
        "GameStateFailing": { "Type": "AWS::CloudWatch::Alarm", "Properties": { "Metrics": metrics } },
        "GameStateThrottled": { "Type": "AWS::CloudWatch::Alarm" },
        "GameStateNearTimeout": { "Type": "AWS::CloudWatch::Alarm" },
    } });
    let jobs = json!({ "Resources": {
        "JobPurge": function("JobPurge", "job-purge"),
        "JobPurgeRole": role(json!([
            { "Action": "sqs:SendMessage", "Resource": { "Fn::GetAtt": ["JobFailures", "Arn"] } },
            { "Action": ["sqs:SendMessage"], "Resource": { "Fn::GetAtt": ["JobTakeQueue", "Arn"] } },
        ])),
        "JobPurgeLogs": { "Type": "AWS::Logs::LogGroup", "Properties": { "RetentionInDays": 7 } },
        "JobPurgeFailed": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
        "JobPurgeSchedule": { "Type": "AWS::Events::Rule", "Properties": { "ScheduleExpression": "cron(1 2 * * ? *)" } },
        "JobTake": function("JobTake", "job-take"),
        "JobTakeRole": role(json!([{ "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] }])),
        "JobTakeLogs": { "Type": "AWS::Logs::LogGroup", "Properties": { "RetentionInDays": 7 } },
        "JobTakeFailed": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
        "JobTakeQueue": { "Type": "AWS::SQS::Queue", "Properties": { "VisibilityTimeout": 72, "SqsManagedSseEnabled": true,
            "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["JobTakeDeadLetters", "Arn"] }, "maxReceiveCount": 5 } } },
        "JobTakeDeadLetters": { "Type": "AWS::SQS::Queue", "Properties": { "SqsManagedSseEnabled": true } },
        "JobTakeMessages": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "EventSourceArn": { "Fn::GetAtt": ["JobTakeQueue", "Arn"] }, "FunctionName": { "Ref": "JobTakeAliaslive" },
            "FunctionResponseTypes": ["ReportBatchItemFailures"] } },
        "JobTakeDeadLettered": { "Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Dimensions": [{ "Name": "QueueName", "Value": { "Fn::GetAtt": ["JobTakeDeadLetters", "QueueName"] } }] } },
        "JobMigrate": function("JobMigrate", "job-migrate"),
        "JobMigrateLogs": { "Type": "AWS::Logs::LogGroup", "Properties": { "RetentionInDays": 7 } },
    } });
    Templates::from([(PATH.to_owned(), game), (JOBS.to_owned(), jobs)])
}

/// What is found after one change.
fn after(path: &str, change: impl Fn(&mut Value)) -> String {
    let mut templates = sound();
    change(&mut templates.get_mut(path).unwrap()["Resources"]);
    check(&templates, &expected()).join("\n")
}

#[test]
fn what_is_sound_passes() {
    assert_eq!(check(&sound(), &expected()), Vec::<String>::new());
}

#[test]
fn too_much_and_too_little_are_found() {
    for part in ["", "Role", "Aliaslive", "DeploymentGroup", "Logs", "Integration", "Route", "Permission", "Failing"] {
        let name = format!("GameState{part}");
        let found = after(PATH, |resources| drop(resources.as_object_mut().unwrap().remove(&name)));
        assert!(found.contains(&format!("{name} (")) && found.contains("is missing"), "{name}: {found}");
        let more = after(PATH, |resources| resources[format!("Other{part}")] = resources[&name].clone());
        assert!(more.contains("belongs to no route"), "{name}: {more}");
    }
    let twice = after(PATH, |resources| resources["GameStateVersion0b"] = json!({ "Type": "AWS::Lambda::Version" }));
    assert!(twice.contains("2 versions of 1 functions"), "{twice}");
    let other = after(JOBS, |resources| resources["JobOther"] = function("JobOther", "job-other"));
    assert!(other.contains("JobOther is no job"), "{other}");
    let mut without = sound();
    without.remove(PATH);
    assert!(check(&without, &expected()).join("").contains("game.yaml is missing"));
}

#[test]
fn what_is_connected_wrongly_is_found() {
    let rows: [(&str, &str, Value, &str); 8] = [
        ("GameState", "/Properties/Code/S3Key", json!("x/game-start"), "the code is another's"),
        ("GameState", "/Properties/LoggingConfig/LogGroup/Ref", json!("Others"), "its log goes elsewhere"),
        ("GameStateRoute", "/Properties/RouteKey", json!("GET /other"), "its route is another"),
        ("GameStateRoute", "/Properties/Target", json!("integrations/x"), "its route leads elsewhere"),
        ("GameStateIntegration", "/Properties/IntegrationUri/Ref", json!("Other"), "its integration leads elsewhere"),
        ("GameStatePermission", "/Properties/FunctionName/Ref", json!("Other"), "the API may not call it"),
        ("GameStateFailing", "/Properties/Metrics", json!([]), "its alarm watches another"),
        ("GameStateDeploymentGroup", "/Properties/AlarmConfiguration", json!({}), "no alarm takes a new version back"),
    ];
    for (resource, pointer, value, complaint) in rows {
        let found = after(PATH, |all| *all[resource].pointer_mut(pointer).unwrap() = value.clone());
        assert!(found.contains(complaint), "{resource}{pointer}: {found}");
    }
}

#[test]
fn a_queue_that_would_lose_or_repeat_is_found() {
    let rows: [(&str, &str, Value, &str); 9] = [
        ("Messages", "/EventSourceArn/Fn::GetAtt/0", json!("Other"), "its queue leads elsewhere"),
        ("Messages", "/FunctionName/Ref", json!("Other"), "its queue calls another"),
        ("Messages", "/FunctionResponseTypes", json!([]), "takes its batch along"),
        ("Queue", "/VisibilityTimeout", json!(71), "given to a second one"),
        ("Queue", "/RedrivePolicy", json!({ "maxReceiveCount": 5 }), "nowhere put aside"),
        ("Queue", "/RedrivePolicy/maxReceiveCount", json!(6), "another number of times"),
        ("DeadLetters", "/SqsManagedSseEnabled", json!(false), "not encrypted"),
        ("DeadLettered", "/Dimensions/0/Value/Fn::GetAtt/0", json!("Other"), "nobody hears"),
        (
            "Role",
            "/Policies/0/PolicyDocument/Statement/0/Action",
            json!("sqs:SendMessage"),
            "may sqs:SendMessage, undeclared",
        ),
    ];
    for (part, pointer, value, complaint) in rows {
        let pointer = format!("/Properties{pointer}");
        let found = after(JOBS, |all| *all[format!("JobTake{part}")].pointer_mut(&pointer).unwrap() = value.clone());
        assert!(found.contains(complaint), "{part}{pointer}: {found}");
    }
    let filled = "/Properties/Policies/0/PolicyDocument/Statement/1/Resource/Fn::GetAtt/0";
    let another = after(JOBS, |all| *all["JobPurgeRole"].pointer_mut(filled).unwrap() = json!("JobFailures"));
    assert!(another.contains("may not send to the queue things"), "{another}");
}

#[test]
fn variables_and_rights_are_those_declared() {
    let variables = "/Properties/Environment/Variables";
    let rows = [
        (json!({}), "it needs DATABASE_URL"),
        (json!({ "DATABASE_URL": "x", "DATABASE_ULR": "x" }), "nobody reads DATABASE_ULR"),
        (json!({ "DATABASE_URL": "x", "AUTH_SIGNING_KEY": "x" }), "AUTH_SIGNING_KEY is not declared"),
    ];
    for (value, complaint) in rows {
        for (path, name) in [(PATH, "GameState"), (JOBS, "JobPurge")] {
            let found = after(path, |all| *all[name].pointer_mut(variables).unwrap() = value.clone());
            assert!(found.contains(complaint), "{name}: {found}");
        }
    }
    let action = "/Properties/Policies/0/PolicyDocument/Statement/0/Action";
    let put = after(PATH, |all| *all["GameStateRole"].pointer_mut(action).unwrap() = json!(["dynamodb:PutItem"]));
    assert!(put.contains("may dynamodb:PutItem, undeclared") && put.contains("may not dynamodb:GetItem"), "{put}");
    let managed = "/Properties/ManagedPolicyArns/0";
    let admin = after(PATH, |all| *all["GameStateRole"].pointer_mut(managed).unwrap() = json!("AdministratorAccess"));
    assert!(admin.contains("has the policy"), "{admin}");
}
