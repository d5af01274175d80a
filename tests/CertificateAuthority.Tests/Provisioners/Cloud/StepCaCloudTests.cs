using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>The same tokens of clouds and clusters to the real step-ca and to this authority, and the real step where its clouds are.</summary>
public sealed class StepCaCloudTests(StepCaCloudTests.Peers peers) : IClassFixture<StepCaCloudTests.Peers>
{
    private const string OtherTenant = "00000000-84db-43f0-babd-e06a71083cda";
    private const string AmazonsName = "ip-10-158-112-84.us-west-2.compute.internal";

    [SkippableFact]
    public async Task Tokens_ToBoth_BuyTheSame()
    {
        using var foreignAws = new AwsSigner();
        using var foreign = OidcKey.Create("first");
        var differences = new List<string>();

        // Amazon.
        await BothAsync("named", true, _ => peers.Aws.Token(AwsSigner.Claims("amazon", "a.test"), AwsSigner.Document("i-1")), "a.test", "a.test", "192.0.2.7");
        await BothAsync("again", false, _ => peers.Aws.Token(AwsSigner.Claims("amazon", "a.test"), AwsSigner.Document("i-1")), "a.test", "a.test");
        await BothAsync("another subject", false, _ => peers.Aws.Token(AwsSigner.Claims("amazon", "b.test"), AwsSigner.Document("i-2")), "a.test", "a.test");
        await BothAsync("another account", false, _ => peers.Aws.Token(AwsSigner.Claims("amazon", "a.test"), Changed(AwsSigner.Document("i-3"), d => d["accountId"] = "1")), "a.test", "a.test");
        await BothAsync("forged", false, _ => foreignAws.Token(AwsSigner.Claims("amazon", "a.test"), AwsSigner.Document("i-4")), "a.test", "a.test");
        await BothAsync("ended", false, _ => peers.Aws.Token(Changed(AwsSigner.Claims("amazon", "a.test"), c => c["exp"] = 1_700_000_000), AwsSigner.Document("i-5")), "a.test", "a.test");
        await BothAsync("another provisioner", false, _ => peers.Aws.Token(AwsSigner.Claims("other", "a.test"), AwsSigner.Document("i-6")), "a.test", "a.test");
        await BothAsync("own names", true, _ => peers.Aws.Token(AwsSigner.Claims("amazon-strict", AmazonsName), AwsSigner.Document("i-7")), AmazonsName);
        await BothAsync("custom names", false, _ => peers.Aws.Token(AwsSigner.Claims("amazon-strict", AmazonsName), AwsSigner.Document("i-8")), AmazonsName, "a.test");
        await BothAsync("too old", false, _ => peers.Aws.Token(AwsSigner.Claims("amazon-strict", AmazonsName), Changed(AwsSigner.Document("i-9"), d => d["pendingTime"] = "2016-11-19T16:32:11Z")), AmazonsName);
        await BothAsync("first of many", true, _ => peers.Aws.Token(AwsSigner.Claims("amazon-again", "a.test"), AwsSigner.Document("i-10")), "a.test", "a.test");
        await BothAsync("second of many", true, _ => peers.Aws.Token(AwsSigner.Claims("amazon-again", "a.test"), AwsSigner.Document("i-10")), "a.test", "a.test");

        // Google.
        await BothAsync("google", true, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google", "1"), peers.Google), "api.test", "api.test", "192.0.2.7");
        await BothAsync("google again", false, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google", "1"), peers.Google), "api.test", "api.test");
        await BothAsync("google, forged", false, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google", "2"), foreign), "api.test", "api.test");
        await BothAsync("google, another project", false, issuer => Jwt.Sign(Changed(CloudTokens.Gcp(issuer, "google", "3"), c => c["google"]!["compute_engine"]!["project_id"] = "other"), peers.Google), "api.test");
        await BothAsync("google's names", true, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google-strict", "4"), peers.Google), "vm-4", "vm-4.c.project-1.internal", "vm-4.us-central1-a.c.project-1.internal");
        await BothAsync("not google's names", false, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google-strict", "5"), peers.Google), "vm-5", "a.test");
        await BothAsync("not google's common name", false, issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google-strict", "6"), peers.Google), "a.test", "vm-6.c.project-1.internal");

        // Azure.
        await BothAsync("azure", true, _ => Jwt.Sign(CloudTokens.Azure(Sts(CloudTokens.Tenant), "vm-1"), peers.Entra), "api.test", "api.test");
        await BothAsync("azure again", false, _ => Jwt.Sign(CloudTokens.Azure(Sts(CloudTokens.Tenant), "vm-1"), peers.Entra), "api.test", "api.test");
        await BothAsync("azure, forged", false, _ => Jwt.Sign(CloudTokens.Azure(Sts(CloudTokens.Tenant), "vm-2"), foreign), "api.test", "api.test");
        await BothAsync("azure, another group", false, _ => Jwt.Sign(
            Changed(CloudTokens.Azure(Sts(CloudTokens.Tenant), "vm-3"), c => c["xms_mirid"] = c["xms_mirid"]!.ToString().Replace("backend", "other", StringComparison.Ordinal)), peers.Entra), "api.test");
        await BothAsync("azure's name", true, _ => Jwt.Sign(Changed(CloudTokens.Azure(Sts(OtherTenant), "vm-4"), c => c["tid"] = OtherTenant), peers.Entra), "vm-4", "vm-4");
        await BothAsync("not azure's name", false, _ => Jwt.Sign(Changed(CloudTokens.Azure(Sts(OtherTenant), "vm-5"), c => c["tid"] = OtherTenant), peers.Entra), "vm-5", "a.test");

        // Kubernetes.
        var pod = Jwt.Sign(CloudTokens.Kubernetes(), peers.Cluster);
        await BothAsync("pod", true, _ => pod, "pod.test", "pod.test", "192.0.2.8");
        await BothAsync("pod again", true, _ => pod, "pod-2.test", "pod-2.test");
        await BothAsync("pod, forged", false, _ => Jwt.Sign(CloudTokens.Kubernetes(), foreign), "pod.test", "pod.test");
        await BothAsync("pod of another issuer", false, _ => Jwt.Sign(Changed(CloudTokens.Kubernetes(), c => c["iss"] = "other"), peers.Cluster), "pod.test", "pod.test");

        differences.ShouldBeEmpty();

        async Task BothAsync(string what, bool isIssued, Func<string, string> token, string cn, params string[] sans)
        {
            var (theirs, ours) = await peers.SignAsync(token, cn, sans);
            if (theirs.Names is null == isIssued || theirs.Names != ours.Names)
            {
                differences.Add($"{what}: {theirs} | {ours}");
            }
        }
    }

    /// <summary>docs/step-ca-divergences.md says why.</summary>
    [SkippableFact]
    public async Task Tokens_ThatTheAuthoritiesJudgeDifferently_AreThese()
    {
        var ended = await peers.SignAsync(_ => Jwt.Sign(Changed(CloudTokens.Kubernetes(), claims => claims["exp"] = 1_700_000_000), peers.Cluster), "pod.test", ["pod.test"]);
        var part = await peers.SignAsync(issuer => Jwt.Sign(CloudTokens.Gcp(issuer, "google-strict", "9"), peers.Google), "vm-9", ["vm-9.c.project-1.internal"]);

        (ended.Theirs.Names, ended.Ours.Names).ShouldBe(("pod.test: pod.test", null));
        (part.Theirs.Names, part.Ours.Names).ShouldBe((null, "vm-9: vm-9.c.project-1.internal vm-9.us-central1-a.c.project-1.internal"));
    }

    [SkippableTheory]
    [InlineData("amazon", "cli-1.test")]
    [InlineData("google", "cli-2.test")]
    [InlineData("azure", "cli-3.test")]
    [InlineData("cluster", "cli-4.test")]
    public async Task Step_OnAnInstance_GetsACertificate(string provisioner, string name)
    {
        string[] pod = provisioner == "cluster" ? ["--k8ssa-token-path", peers.PodToken] : [];
        var result = await peers.StepAsync(["ca", "certificate", name, name + ".crt", name + ".key", "--san", name, "--provisioner", provisioner, "--force", .. pod]);

        result.ExitCode.ShouldBe(0, result.Error);
        using var certificate = X509Certificate2.CreateFromPem(peers.Read(name + ".crt"));
        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        parsed.Names.AllSans.ShouldBe([name]);
        parsed.StepProvisioner!.Name.ShouldBe(provisioner);
    }

    private static string Sts(string tenant) => $"https://sts.windows.net/{tenant}/";

    private static JsonObject Changed(JsonObject json, Action<JsonObject> change)
    {
        change(json);
        return json;
    }

    /// <param name="Names">Null: refused.</param>
    public sealed record Outcome(string? Names, string Body);

    /// <summary>Both authorities with the same provisioners, and the clouds.</summary>
    public sealed class Peers : IAsyncLifetime
    {
        private const string GooglesIssuer = "https://accounts.google.com";
        private readonly TempFolder _folder = new();
        private string _step = null!;
        private CaHost _ours = null!;
        private CloudNetwork _clouds = null!;
        private ProcessUnderTest _theirs = null!;
        private HttpClient _theirClient = null!;

        internal AwsSigner Aws { get; } = new();

        public OidcKey Google { get; } = OidcKey.Create("first", "RS256");

        public OidcKey Entra { get; } = OidcKey.Create("first", "RS256");

        public OidcKey Cluster { get; } = OidcKey.Create("", "RS256");

        /// <summary>A file, as a pod has it.</summary>
        public string PodToken => _folder.Combine("pod-token");

        private string OurGoogle => _clouds.Url + "/google";

        public async Task InitializeAsync()
        {
            var stepCa = Requires.Tool("step-ca");
            _step = Requires.Tool("step");
            _clouds = await CloudNetwork.StartAsync(AnswerAsync, "www.googleapis.com", "login.microsoftonline.com");
            _ours = await CaHost.StartAsync();
            await File.WriteAllTextAsync(_folder.Combine("aws.pem"), Aws.Pem);
            await File.WriteAllTextAsync(PodToken, Jwt.Sign(CloudTokens.Kubernetes(), Cluster));
            await File.WriteAllTextAsync(_folder.Combine("root.pem"), _ours.Root.ExportCertificatePem());
            foreach (var definition in Definitions())
            {
                await _ours.AddAsync(Ours(definition));
            }

            await StartStepCaAsync(stepCa);
        }

        public async Task DisposeAsync()
        {
            _theirClient?.Dispose();
            foreach (var part in new IAsyncDisposable?[] { _theirs, _ours, _clouds })
            {
                if (part is not null)
                {
                    await part.DisposeAsync();
                }
            }

            Aws.Dispose();
            new[] { Google, Entra, Cluster }.ToList().ForEach(key => key.Dispose());
            _folder.Dispose();
        }

        /// <param name="token">For the name that Google has at the authority.</param>
        public async Task<(Outcome Theirs, Outcome Ours)> SignAsync(Func<string, string> token, string cn, string[] sans)
        {
            using var key = StepCaCalls.NewKey();
            var csr = StepCaCalls.Csr(key, cn, sans);
            using var ours = _ours.Client();
            return (Of(await _theirClient.SignAsync(csr, token(GooglesIssuer))), Of(await ours.SignAsync(csr, token(OurGoogle))));

            static Outcome Of(StepCaReply reply)
            {
                if (reply.Status != HttpStatusCode.Created)
                {
                    return new Outcome(Names: null, reply.Body.Trim());
                }

                var names = ParsedCertificate.Parse(reply.Certificate.RawDataMemory).Names;
                return new Outcome($"{names.CommonName}: {string.Join(' ', names.AllSans)}", "");
            }
        }

        /// <summary>step, as if it were on an instance of each cloud, with this authority.</summary>
        public Task<ToolResult> StepAsync(params string[] arguments) => Tools.RunAsync(
            _step,
            [.. arguments, "--ca-url", _ours.Url.GetLeftPart(UriPartial.Authority), "--root", _folder.Combine("root.pem")],
            environment: new Dictionary<string, string?>(_clouds.Environment, StringComparer.Ordinal) { ["STEPPATH"] = _folder.Combine("cli"), ["HOME"] = _folder.Path },
            workingDirectory: _folder.Path);

        public string Read(string file) => File.ReadAllText(_folder.Combine(file));

        private async Task AnswerAsync(HttpContext context)
        {
            var request = context.Request;
            var document = AwsSigner.Document("i-cli").ToJsonString();
            await context.Response.WriteAsync((request.Host.Host, request.Path.Value) switch
            {
                ("169.254.169.254", "/latest/api/token") => "metadata-token",
                ("169.254.169.254", "/latest/dynamic/instance-identity/document") => document,
                ("169.254.169.254", "/latest/dynamic/instance-identity/signature") => Convert.ToBase64String(Aws.Sign(Encoding.UTF8.GetBytes(document))),
                ("169.254.169.254", "/metadata/identity/oauth2/token") => new JsonObject { ["access_token"] = Jwt.Sign(CloudTokens.Azure(Sts(CloudTokens.Tenant), "vm-cli"), Entra) }.ToJsonString(),
                ("metadata", "/computeMetadata/v1/instance/service-accounts/default/identity") => Jwt.Sign(
                    Changed(CloudTokens.Gcp(OurGoogle, "google", "cli"), claims => claims["aud"] = request.Query["audience"].ToString()), Google),
                ("www.googleapis.com", "/oauth2/v3/certs") => Keys(Google),
                ("127.0.0.1", "/google/keys") => Keys(Google),
                ("127.0.0.1", "/google/.well-known/openid-configuration") => Discovery(OurGoogle, OurGoogle + "/keys"),
                ("login.microsoftonline.com" or "127.0.0.1", "/keys") => Keys(Entra),
                ("login.microsoftonline.com" or "127.0.0.1", var path) => Discovery(Sts(path!.Split('/')[1]), $"https://{request.Host}/keys"),
                var other => throw new InvalidOperationException($"Nothing is at {other}."),
            });
        }

        private static string Keys(OidcKey key) => $$"""{"keys":[{{key.PublicKey.ToJson()}}]}""";

        private static string Discovery(string issuer, string keys) => new JsonObject { ["issuer"] = issuer, ["jwks_uri"] = keys }.ToJsonString();

        private IEnumerable<JsonObject> Definitions()
        {
            JsonObject Amazon(string name) => new() { ["type"] = "AWS", ["name"] = name, ["accounts"] = new JsonArray("123456789042"), ["iidRoots"] = _folder.Combine("aws.pem") };
            yield return Amazon("amazon");
            yield return Changed(Amazon("amazon-strict"), definition => (definition["disableCustomSANs"], definition["instanceAge"]) = (true, "1h"));
            yield return Changed(Amazon("amazon-again"), definition => definition["disableTrustOnFirstUse"] = true);
            yield return new() { ["type"] = "GCP", ["name"] = "google", ["projectIDs"] = new JsonArray("project-1"), ["serviceAccounts"] = new JsonArray("117000000000000000001") };
            yield return new() { ["type"] = "GCP", ["name"] = "google-strict", ["disableCustomSANs"] = true, ["instanceAge"] = "1h" };
            yield return new() { ["type"] = "Azure", ["name"] = "azure", ["tenantID"] = CloudTokens.Tenant, ["resourceGroups"] = new JsonArray("backend") };
            yield return new() { ["type"] = "Azure", ["name"] = "azure-strict", ["tenantID"] = OtherTenant, ["disableCustomSANs"] = true };
            yield return new() { ["type"] = "K8sSA", ["name"] = "cluster", ["publicKeys"] = CloudTokens.Base64(Cluster.PublicKeyPem) };
        }

        /// <summary>What step-ca reads from a file, and where the test's own keys are.</summary>
        private JsonObject Ours(JsonObject definition)
        {
            switch (definition["type"]!.ToString())
            {
                case "AWS":
                    definition["iidCertificates"] = CloudTokens.Base64(Aws.Pem);
                    break;
                case "GCP" or "Azure":
                    definition["configurationEndpoint"] = $"{_clouds.Url}/{definition["tenantID"] ?? "google"}/.well-known/openid-configuration";
                    definition["roots"] = CloudTokens.Base64(_clouds.RootPem);
                    break;
            }

            return definition;
        }

        private async Task StartStepCaAsync(string stepCa)
        {
            var (configuration, password, address) = (_folder.Combine("config", "ca.json"), _folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
            var environment = new Dictionary<string, string?>(_clouds.Environment, StringComparer.Ordinal) { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };
            await File.WriteAllTextAsync(password, "clouds");
            (await Tools.RunAsync(
                _step, ["ca", "init", "--name", "Peer", "--dns", "127.0.0.1", "--address", address, "--provisioner", "peer", "--password-file", password, "--provisioner-password-file", password],
                environment: environment)).EnsureSuccess();
            var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
            foreach (var definition in Definitions())
            {
                json["authority"]!["provisioners"]!.AsArray().Add(definition);
            }

            await File.WriteAllTextAsync(configuration, json.ToJsonString());
            _theirs = ProcessUnderTest.Start(stepCa, ["--password-file", password, configuration], environment, _folder.Path);
            _theirClient = AnyServerHttp.Create(new Uri($"https://{address}/"), [X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("certs", "root_ca.crt"))], client: null, TimeSpan.FromSeconds(30));
            await _theirs.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
        }
    }
}
