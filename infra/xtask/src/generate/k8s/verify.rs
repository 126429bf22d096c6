//! What the rendered manifests must mean, whatever way they were made: who reaches what, and what the seed asks of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use yaml_serde::Value;

use super::super::gateway::Gateway;
use super::super::routes::{self, Route};
use super::paths::{Match, example, reached};

/// The namespace that holds Knative's ingress.
const KNATIVE_INGRESS: &str = "kourier-internal";

/// The objects of every variant, by the variant's folder: what is wrong with them, a line each.
pub(crate) fn findings(checkout: &Path, variants: &BTreeMap<String, Vec<Value>>) -> Result<Vec<String>> {
    let gateway = Gateway::ask(checkout)?;
    let variables: BTreeSet<_> = gateway.variables.iter().map(|variable| variable.name.as_str()).collect();
    let mut found = Vec::new();
    for (variant, objects) in variants {
        let variant = Variant { name: variant, objects };
        if variant.serves() {
            found.extend(variant.reach(&gateway.routes));
            found.extend(variant.settings(&variables));
            found.extend(variant.security());
        }
    }
    let plain = variants.get("k8s").context("k8s was not rendered")?;
    found.extend(Variant { name: "k8s", objects: plain }.seed());
    Ok(found)
}

struct Variant<'a> {
    name: &'a str,
    objects: &'a [Value],
}

impl<'a> Variant<'a> {
    fn of_kind(&self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    fn named(&self, kind: &'a str, name: &str) -> Option<&'a Value> {
        self.of_kind(kind).find(|object| object["metadata"]["name"] == name)
    }

    /// Whether it has pods that answer, not only jobs.
    fn serves(&self) -> bool {
        self.pods().any(|(_, pod)| text(&pod["containers"][0]["args"][0]) == "serve")
    }

    /// Every pod's `spec`, with the name of what makes it.
    fn pods(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.objects.iter().filter_map(|object| {
            let spec = match &object["spec"] {
                spec if object["kind"] == "CronJob" => &spec["jobTemplate"]["spec"],
                spec => spec,
            };
            let pod = &spec["template"]["spec"];
            pod["containers"].is_sequence().then(|| (text(&object["metadata"]["name"]), pod))
        })
    }

    /// The domains that a Service's pods serve: all of them, where `serve` has no `--only`.
    fn domains_behind(&self, service: &str, all: &BTreeSet<&str>) -> BTreeSet<String> {
        let selector = self.named("Service", service).map_or(&Value::Null, |found| &found["spec"]["selector"]);
        let Some(selector) = selector.as_mapping() else { return BTreeSet::new() };
        let mut domains = BTreeSet::new();
        for deployment in self.of_kind("Deployment") {
            let labels = &deployment["spec"]["template"]["metadata"]["labels"];
            if selector.iter().all(|(label, value)| labels.get(label) == Some(value)) {
                domains.extend(served_by(&deployment["spec"]["template"]["spec"], all));
            }
        }
        domains
    }

    /// Every route that clients may reach is reached through exactly one service that serves it, and nothing else is.
    fn reach(&self, table: &[Route]) -> Vec<String> {
        let all: BTreeSet<_> = table.iter().map(|route| route.domain.as_str()).collect();
        let mut found = self.exposed();
        let open: Vec<_> = self
            .of_kind("Service")
            .filter(|service| ["LoadBalancer", "NodePort"].contains(&text(&service["spec"]["type"])))
            .map(|service| text(&service["metadata"]["name"]))
            .collect();
        // A path leads to a load balancer's Service, to the backend of an HTTPRoute, or nowhere.
        let mut ways: Vec<(&str, BTreeSet<Match>)> =
            open.iter().map(|name| (*name, BTreeSet::from([Match::Prefix("/".to_owned())]))).collect();
        let mut behind: BTreeMap<&str, BTreeSet<String>> =
            open.iter().map(|name| (*name, self.domains_behind(name, &all))).collect();
        for route in self.of_kind("HTTPRoute") {
            let name = text(&route["metadata"]["name"]);
            for rule in items(&route["spec"]["rules"]).filter(|rule| rule["backendRefs"].is_sequence()) {
                ways.push((name, items(&rule["matches"]).map(path_match).collect()));
                behind.entry(name).or_default().extend(self.domains_of_backend(rule, &all));
            }
        }
        let domains = routes::by_domain(table);
        for route in domains.iter().flat_map(|(_, routes)| routes) {
            let path = example(route);
            let reached: Vec<_> = reached(&ways, &path);
            let serving = reached.iter().filter(|way| behind[*way].contains(&route.domain)).count();
            let expected = usize::from(route.is_reachable());
            // What is not for clients has a port of its own, which no Service names: see `exposed`.
            if route.is_reachable() && (serving, reached.len()) != (expected, expected) {
                found.push(format!(
                    "{}: {path} of {} is reached through [{}]",
                    self.name,
                    route.domain,
                    reached.join(", ")
                ));
            }
        }
        found
    }

    fn domains_of_backend(&self, rule: &Value, all: &BTreeSet<&str>) -> BTreeSet<String> {
        let mut backends = items(&rule["backendRefs"]).map(|backend| text(&backend["name"]));
        let (Some(backend), None) = (backends.next(), backends.next()) else { return BTreeSet::new() };
        if backend != KNATIVE_INGRESS {
            return self.domains_behind(backend, all);
        }
        let host = items(&rule["filters"]).map(|filter| text(&filter["urlRewrite"]["hostname"])).next();
        let name = host.and_then(|host| host.strip_suffix(".restart-life.svc.cluster.local")).unwrap_or_default();
        self.named("Service", name)
            .map_or_else(BTreeSet::new, |service| served_by(&service["spec"]["template"]["spec"], all))
    }

    /// Services and pods open the port of HTTP; metrics are scraped from the pod, which no client reaches.
    fn exposed(&self) -> Vec<String> {
        let mut found = Vec::new();
        for service in self.of_kind("Service").filter(|service| service["apiVersion"] == "v1") {
            let name = text(&service["metadata"]["name"]);
            let is_ours = service["spec"]["selector"]["app"] == "restart-life-api";
            let ports: Vec<_> = items(&service["spec"]["ports"])
                .map(|port| (port["port"].as_u64(), port["targetPort"].as_u64()))
                .collect();
            if is_ours && ports != [(Some(80), Some(8080))] {
                found.push(format!("{}: Service {name} opens {ports:?}", self.name));
            }
            let kind = text(&service["spec"]["type"]);
            if kind != "ClusterIP" && !kind.is_empty() && !is_ours {
                found.push(format!("{}: Service {name} is open to the world", self.name));
            }
        }
        for service in self.of_kind("Service").filter(|service| service["apiVersion"] == "serving.knative.dev/v1") {
            if service["metadata"]["labels"]["networking.knative.dev/visibility"] != "cluster-local" {
                found.push(format!("{}: {} has a public name", self.name, text(&service["metadata"]["name"])));
            }
        }
        for (name, pod) in self.pods() {
            if pod["hostNetwork"] == true
                || items(&pod["containers"]).flat_map(|c| items(&c["ports"])).any(|port| !port["hostPort"].is_null())
            {
                found.push(format!("{}: {name} opens a port of its node", self.name));
            }
        }
        found
    }

    /// ConfigMaps name only variables that the gateway reads, and every reference to one is to one that is there.
    fn settings(&self, variables: &BTreeSet<&str>) -> Vec<String> {
        let mut found = Vec::new();
        for map in self.of_kind("ConfigMap") {
            let names = map["data"].as_mapping().into_iter().flat_map(|data| data.keys()).map(text);
            found.extend(
                names
                    .filter(|name| !variables.contains(name))
                    .map(|name| format!("{}: nobody reads the setting {name}", self.name)),
            );
        }
        for (owner, pod) in self.pods() {
            for container in items(&pod["containers"]).filter(|c| c["envFrom"].is_sequence()) {
                let map = text(&container["envFrom"][0]["configMapRef"]["name"]);
                if self.named("ConfigMap", map).is_none() {
                    found.push(format!("{}: {owner} names the ConfigMap {map}, which is not there", self.name));
                }
                let own = items(&container["env"]).map(|entry| (text(&entry["name"]), entry));
                for (name, _) in own
                    .filter(|(name, entry)| !variables.contains(name) || entry["valueFrom"]["secretKeyRef"].is_null())
                {
                    found.push(format!("{}: {owner} gives {name} in the open, or nobody reads it", self.name));
                }
            }
        }
        found
    }

    /// What the restricted pod security standard asks of a container, and a read-only root besides.
    fn security(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (owner, pod) in self.pods() {
            for container in items(&pod["containers"]) {
                let own = &container["securityContext"];
                let either =
                    |field: &str| if own[field].is_null() { &pod["securityContext"][field] } else { &own[field] };
                let is_restricted = own["allowPrivilegeEscalation"] == false
                    && own["readOnlyRootFilesystem"] == true
                    && items(&own["capabilities"]["drop"]).any(|capability| capability == "ALL")
                    && *either("runAsNonRoot") == true
                    && either("seccompProfile")["type"] == "RuntimeDefault";
                let limits = &container["resources"]["limits"];
                if !is_restricted || limits["memory"].is_null() || limits["cpu"].is_null() {
                    found.push(format!("{}: {owner} is not restricted in what it may do or use", self.name));
                }
            }
        }
        found
    }

    /// The seed's own manifest, as far as a client or an operator can tell.
    fn seed(&self) -> Vec<String> {
        let (deployment, service) =
            (self.named("Deployment", "restart-life-api"), self.named("Service", "restart-life-api-service"));
        let (Some(deployment), Some(service)) = (deployment, service) else {
            return vec!["k8s: the seed's Deployment or Service is not there".to_owned()];
        };
        let (spec, port) = (&deployment["spec"], &service["spec"]["ports"][0]);
        let container = &spec["template"]["spec"]["containers"][0];
        let facts = [
            ("3 replicas", spec["replicas"] == 3),
            ("the label app", spec["template"]["metadata"]["labels"]["app"] == "restart-life-api"),
            ("the selector app", spec["selector"]["matchLabels"]["app"] == "restart-life-api"),
            ("the image", container["image"] == "restart-life-api:latest"),
            ("port 8080", container["ports"][0]["containerPort"] == 8080),
            ("liveness at /health", container["livenessProbe"]["httpGet"]["path"] == "/health"),
            ("readiness at /ready", container["readinessProbe"]["httpGet"]["path"] == "/ready"),
            ("requests", container["resources"]["requests"] == mapping("100m", "128Mi")),
            ("limits", container["resources"]["limits"] == mapping("500m", "512Mi")),
            ("a LoadBalancer", service["spec"]["type"] == "LoadBalancer"),
            ("80 to 8080", port["port"] == 80 && port["targetPort"] == 8080),
            ("the Service's selector", service["spec"]["selector"]["app"] == "restart-life-api"),
            ("the context's namespace", deployment["metadata"]["namespace"].is_null()),
        ];
        facts.iter().filter(|(_, holds)| !holds).map(|(fact, _)| format!("k8s: not as the seed says: {fact}")).collect()
    }
}

fn mapping(cpu: &str, memory: &str) -> Value {
    [("cpu", cpu), ("memory", memory)]
        .into_iter()
        .map(|(name, value)| (Value::from(name), Value::from(value)))
        .collect::<yaml_serde::Mapping>()
        .into()
}

/// The domains that a pod serves.
fn served_by(pod: &Value, all: &BTreeSet<&str>) -> BTreeSet<String> {
    match pod["containers"][0]["args"].as_sequence().map(Vec::as_slice) {
        Some([serve, only, domain]) if serve == "serve" && only == "--only" => {
            BTreeSet::from([text(domain).to_owned()])
        }
        Some([serve]) if serve == "serve" => all.iter().map(|domain| (*domain).to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

fn path_match(item: &Value) -> Match {
    let (kind, value) = (text(&item["path"]["type"]), text(&item["path"]["value"]).to_owned());
    if kind == "Exact" { Match::Exact(value) } else { Match::Prefix(value) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::testing::route;
    use super::*;

    /// A load balancer before a Deployment that serves everything.
    fn plain() -> Vec<serde_json::Value> {
        let pod = json!({"containers": [{"args": ["serve"]}]});
        let labels = json!({"app": "restart-life-api"});
        vec![
            json!({"kind": "Deployment", "metadata": {"name": "restart-life-api"},
                "spec": {"template": {"metadata": {"labels": labels}, "spec": pod}}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "restart-life-api-service"},
                "spec": {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}}),
        ]
    }

    /// What is found of these objects; they go through YAML as a cluster's would.
    fn reach(objects: &[serde_json::Value]) -> Vec<String> {
        let objects: Vec<Value> =
            objects.iter().map(|object| yaml_serde::from_str(&object.to_string()).unwrap()).collect();
        let table = [route("a-get", "a", "GET /a/{id}"), route("metrics", "system", "GET /metrics")];
        Variant { name: "v", objects: &objects }.reach(&table)
    }

    #[test]
    fn a_route_that_none_or_several_reach_is_found() {
        assert_eq!(reach(&plain()), [""; 0]);
        assert_eq!(reach(&plain()[..1]), ["v: /a/0 of a is reached through []"]);
        let mut twice = plain();
        let mut second = twice[1].clone();
        second["metadata"]["name"] = json!("second");
        twice.push(second);
        assert_eq!(reach(&twice), ["v: /a/0 of a is reached through [restart-life-api-service, second]"]);
        let mut wrong = plain();
        wrong[0]["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["serve", "--only", "b"]);
        assert_eq!(reach(&wrong), ["v: /a/0 of a is reached through [restart-life-api-service]"]);
    }

    #[test]
    fn an_open_port_that_is_not_for_clients_is_found() {
        let mut metrics = plain();
        metrics[1]["spec"]["ports"].as_array_mut().unwrap().push(json!({"port": 9464, "targetPort": 9464}));
        assert!(reach(&metrics)[0].contains("opens"), "{:?}", reach(&metrics));
        let mut node = plain();
        node[0]["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        assert_eq!(reach(&node), ["v: restart-life-api opens a port of its node"]);
    }
}
