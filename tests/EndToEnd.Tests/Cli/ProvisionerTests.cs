using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>Provisioners by <c>iot ca provisioner</c> and <c>iot ca import</c>, used by the real step.</summary>
public sealed class ProvisionerTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private ProviderStack _provider = null!;
    private string _step = null!;

    public async Task InitializeAsync()
    {
        _step = Requires.Tool("step");
        _provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["IOT_WEBHOOK_HOSTS"] = "127.0.0.1,*.hooks.example" });
        (await StepAsync("ca", "bootstrap", "--ca-url", _provider.Url.GetLeftPart(UriPartial.Authority), "--fingerprint", _provider.Trust.Fingerprint, "--force")).EnsureSuccess();
    }

    public async Task DisposeAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }

        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Import_OfAStepCa_ItsClientsGoOnWithTheirPassword()
    {
        await File.WriteAllTextAsync(_folder.Combine("old-password"), "the old password\n");
        (await StepInAsync(
            _folder.Combine("old"), "ca", "init", "--name", "Old", "--dns", "localhost", "--address", ":8443", "--provisioner", "builds@example.com",
            "--password-file", _folder.Combine("old-password"), "--provisioner-password-file", _folder.Combine("old-password"))).EnsureSuccess();
        var file = Path.Combine(_folder.Combine("old"), "config", "ca.json");
        var configuration = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        configuration["authority"]!["claims"] = new JsonObject { ["maxTLSCertDuration"] = "72h", ["defaultTLSCertDuration"] = "48h" };
        configuration["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "SCEP", ["name"] = "scep" });
        configuration["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "ACME", ["name"] = "web", ["forceCN"] = true });
        configuration["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "AWS", ["name"] = "amazon", ["accounts"] = new JsonArray("123456789042"), ["iidRoots"] = "certs/aws.pem" });
        configuration["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "AWS", ["name"] = "gone", ["iidRoots"] = "certs/gone.pem" });
        configuration["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "GCP", ["name"] = "google", ["instanceAge"] = "1h", ["projectIDs"] = new JsonArray("p") });
        using (var key = RSA.Create(2048))
        {
            await File.WriteAllTextAsync(Path.Combine(_folder.Combine("old"), "certs", "aws.pem"), SelfSigned(key));
            await File.WriteAllTextAsync(_folder.Combine("cluster.pub"), key.ExportSubjectPublicKeyInfoPem());
        }

        Directory.CreateDirectory(Path.Combine(_folder.Combine("old"), "templates"));
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Combine("old"), "templates", "leaf.tpl"),
            """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organization":{{ toJson .Organization }}},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"],"extKeyUsage":["serverAuth","clientAuth"]}""");
        configuration["authority"]!["provisioners"]![0]!["options"] = new JsonObject { ["x509"] = new JsonObject { ["templateFile"] = "templates/leaf.tpl", ["templateData"] = new JsonObject { ["Organization"] = "Old Ops" } } };
        await File.WriteAllTextAsync(file, configuration.ToJsonString());

        var imported = await IotAsync("ca", "import", file, "--json");

        imported.ExitCode.ShouldBe(1, "some of them can't be taken over");
        Outcomes(imported).ShouldBe([("builds@example.com", "added"), ("scep", "left out"), ("web", "added"), ("amazon", "added"), ("gone", "left out"), ("google", "added"), ("issuer", "left out")]);
        (await IotAsync("ca", "provisioner", "add", "cluster", "--type", "k8ssa", "--pem-keys", _folder.Combine("cluster.pub"), "--allow", "dns:*.pods.test")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "add", "azure", "--type", "azure", "--azure-tenant", "b17c217c-84db-43f0-babd-e06a71083cda", "--azure-resource-group", "backend", "--disable-custom-sans")).EnsureSuccess();
        (await StepAsync(
            "ca", "certificate", "api.test", "api.crt", "api.key", "--issuer", "builds@example.com", "--provisioner-password-file", _folder.Combine("old-password"), "--force")).EnsureSuccess();
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("api.crt"));
        (certificate.NotAfter - certificate.NotBefore).ShouldBe(TimeSpan.FromHours(48), TimeSpan.FromMinutes(2));
        certificate.Subject.ShouldContain("O=Old Ops");
        (await StepAsync("ca", "renew", "api.crt", "api.key", "--force")).EnsureSuccess();
        Outcomes(await IotAsync("ca", "import", file, "--json"))[0].ShouldBe(("builds@example.com", "was here"));
    }

    private static string SelfSigned(RSA key)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=ec2.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return certificate.ExportCertificatePem();
    }

    [SkippableFact]
    public async Task Issuer_Created_SignsForTheProvisionerThatNamesIt()
    {
        await File.WriteAllTextAsync(_folder.Combine("password"), "a password of builds\n");
        (await IotAsync("ca", "issuer", "create", "factory", "--common-name", "Factory CA", "--days", "100")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"), "--issuer", "factory")).EnsureSuccess();

        (await StepAsync("ca", "certificate", "leaf.test", "leaf.crt", "leaf.key", "--issuer", "builds", "--provisioner-password-file", _folder.Combine("password"), "--force")).EnsureSuccess();

        using var leaf = X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("leaf.crt"));
        leaf.Issuer.ShouldBe("CN=Factory CA");
        // With its issuer behind it, as step wrote it.
        var verified = await Tools.RunAsync(Requires.Tool("openssl"), ["verify", "-CAfile", Path.Combine(_provider.Data, "certs", "root_ca.crt"), "-untrusted", _folder.Combine("leaf.crt"), _folder.Combine("leaf.crt")]);
        verified.Output.ShouldContain("leaf.crt: OK", customMessage: verified.Error);
        (await StepAsync("ca", "renew", "leaf.crt", "leaf.key", "--force")).EnsureSuccess();
        var listed = (await IotAsync("ca", "issuer", "list", "--json")).EnsureSuccess();
        using (var json = JsonDocument.Parse(listed.Output))
        {
            json.RootElement[0].GetProperty("state").GetString().ShouldBe("issuing");
            json.RootElement[0].GetProperty("provisioners")[0].GetString().ShouldBe("builds");
        }

        (await IotAsync("ca", "issuer", "remove", "factory", "--yes")).ExitCode.ShouldNotBe(0, "it issues");
        (await IotAsync("ca", "issuer", "state", "factory", "retired")).EnsureSuccess().Output.ShouldContain("builds");
        (await StepAsync("ca", "certificate", "other.test", "other.crt", "other.key", "--issuer", "builds", "--provisioner-password-file", _folder.Combine("password"), "--force")).ExitCode.ShouldNotBe(0);
        (await IotAsync("ca", "provisioner", "update", "builds", "--issuer", "")).EnsureSuccess();
        (await StepAsync("ca", "certificate", "own.test", "own.crt", "own.key", "--issuer", "builds", "--provisioner-password-file", _folder.Combine("password"), "--force")).EnsureSuccess();
        using var own = X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("own.crt"));
        own.Issuer.ShouldNotBe("CN=Factory CA");
    }

    [SkippableFact]
    public async Task X5cProvisioner_Added_StepBuysWithACertificateOfItsRoot()
    {
        (await StepAsync("certificate", "create", "Fleet Root", "fleet.crt", "fleet.key", "--profile", "root-ca", "--no-password", "--insecure")).EnsureSuccess();
        (await StepAsync("certificate", "create", "line 1", "line.crt", "line.key", "--ca", "fleet.crt", "--ca-key", "fleet.key", "--no-password", "--insecure")).EnsureSuccess();

        (await IotAsync("ca", "provisioner", "add", "fleet", "--type", "X5C", "--x5c-root", _folder.Combine("fleet.crt"), "--allow", "dns:*.fleet.test", "--x509-max-dur", "2h")).EnsureSuccess();

        (await StepAsync("ca", "certificate", "one.fleet.test", "one.crt", "one.key", "--issuer", "fleet", "--x5c-cert", "line.crt", "--x5c-key", "line.key", "--force")).EnsureSuccess();
        (await StepAsync("ca", "certificate", "one.other.test", "two.crt", "two.key", "--issuer", "fleet", "--x5c-cert", "line.crt", "--x5c-key", "line.key", "--force")).ExitCode.ShouldNotBe(0);
    }

    [SkippableFact]
    public async Task TemplateAndWebhook_AddedChangedRemoved_StepSeesEachAtOnce()
    {
        await File.WriteAllTextAsync(_folder.Combine("password"), "a password of builds\n");
        await File.WriteAllTextAsync(_folder.Combine("broken.tpl"), "{\n{{ nonsense }}}");
        await File.WriteAllTextAsync(_folder.Combine("unit.tpl"), """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organizationalUnit":{{ toJson .Unit }}},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"]}""");
        await File.WriteAllTextAsync(_folder.Combine("unit.json"), """{"Unit":"line 7"}""");
        var broken = await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"), "--x509-template", _folder.Combine("broken.tpl"));
        broken.ExitCode.ShouldBe(1);
        broken.Error.ShouldContain("broken.tpl:2:");

        (await IotAsync(
            "ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"),
            "--x509-template", _folder.Combine("unit.tpl"), "--x509-template-data", _folder.Combine("unit.json"))).EnsureSuccess();
        (await EnrollAsync("built.test")).EnsureSuccess();
        SubjectOf("built.crt").ShouldContain("OU=line 7");
        (await IotAsync("ca", "provisioner", "update", "builds", "--x509-template", "")).EnsureSuccess();
        (await EnrollAsync("built.test")).EnsureSuccess();
        SubjectOf("built.crt").ShouldBe("CN=built.test");

        var added = await IotAsync("ca", "provisioner", "webhook", "add", "builds", "approval", "--kind", "authorizing", "--webhook-url", "https://127.0.0.1:1/", "--json");
        var secret = JsonDocument.Parse(added.EnsureSuccess().Output).RootElement.GetProperty("secret").GetString()!;
        (await EnrollAsync("built.test")).ExitCode.ShouldNotBe(0, "nobody allows it");
        (await IotAsync("ca", "provisioner", "show", "builds")).EnsureSuccess().Output.ShouldNotContain(secret);
        foreach (var command in (string[][])[["ca", "provisioner", "webhook", "update", "builds", "approval", "--webhook-url", "https://hooks.example/"], ["webhooks", "add", "elsewhere", "https://hooks.example/"]])
        {
            var elsewhere = await IotAsync(command);
            elsewhere.ExitCode.ShouldBe(1);
            elsewhere.Error.ShouldContain("IOT_WEBHOOK_HOSTS", customMessage: elsewhere.Error);
        }

        (await IotAsync("ca", "provisioner", "update", "builds", "--x509-max-dur", "48h")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "webhook", "update", "builds", "approval", "--webhook-url", "https://127.0.0.1:2/")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "webhook", "remove", "builds", "approval")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "webhook", "remove", "builds", "approval")).ExitCode.ShouldBe(4);
        (await EnrollAsync("built.test")).EnsureSuccess();

        string SubjectOf(string file)
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(_folder.Combine(file));
            return certificate.Subject;
        }
    }

    [SkippableFact]
    public async Task JwkProvisioner_AddedChangedRemoved_StepSeesEachAtOnce()
    {
        await File.WriteAllTextAsync(_folder.Combine("password"), "a password of builds\n");
        (await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"))).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"))).ExitCode.ShouldBe(1, "there is one");
        (await EnrollAsync("built.test")).EnsureSuccess();

        (await IotAsync("ca", "provisioner", "update", "builds", "--deny", "dns:built.test")).EnsureSuccess();
        (await EnrollAsync("built.test")).ExitCode.ShouldNotBe(0);
        (await EnrollAsync("other.test")).EnsureSuccess();

        await File.WriteAllTextAsync(_folder.Combine("wrong"), "not the password\n");
        await File.WriteAllTextAsync(_folder.Combine("new"), "another password\n");
        (await IotAsync("ca", "provisioner", "update", "builds", "--provisioner-password-file", _folder.Combine("wrong"), "--new-provisioner-password-file", _folder.Combine("new"))).ExitCode.ShouldBe(5);
        (await IotAsync("ca", "provisioner", "update", "builds", "--provisioner-password-file", _folder.Combine("password"), "--new-provisioner-password-file", _folder.Combine("new"))).EnsureSuccess();
        (await EnrollAsync("other.test")).ExitCode.ShouldNotBe(0, "the password is another by now");
        (await EnrollAsync("other.test", "new")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "update", "builds", "--remove-key")).EnsureSuccess();
        (await EnrollAsync("other.test", "new")).ExitCode.ShouldNotBe(0, "the key is not handed out");

        (await IotAsync("ca", "provisioner", "remove", "builds", "--yes")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "remove", "builds", "--yes")).ExitCode.ShouldBe(4);
        (await IotAsync("ca", "provisioner", "remove", "iot-bridge", "--yes")).ExitCode.ShouldBe(1, "it is the host's own");
    }

    /// <summary>As after the key was stolen: what it signed and was not used yet buys nothing.</summary>
    [SkippableFact]
    public async Task JwkProvisioner_WithANewKey_TakesNoTokenOfTheOldOne()
    {
        await File.WriteAllTextAsync(_folder.Combine("password"), "a password of builds\n");
        await File.WriteAllTextAsync(_folder.Combine("new"), "a password of the new key\n");
        (await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"))).EnsureSuccess();
        var (used, kept) = (await TokenAsync("used.test"), await TokenAsync("kept.test"));
        (await BuyAsync("used.test", used)).EnsureSuccess();
        var before = await KeyAsync();

        (await IotAsync("ca", "provisioner", "update", "builds", "--create", "--provisioner-password-file", _folder.Combine("new"))).EnsureSuccess();

        (await KeyAsync()).ShouldNotBe(before);
        var refused = await BuyAsync("kept.test", kept);
        refused.ExitCode.ShouldNotBe(0);
        refused.Error.ShouldContain("authorization");
        (await EnrollAsync("kept.test")).ExitCode.ShouldNotBe(0, "the new key has its own password");
        (await EnrollAsync("kept.test", "new")).EnsureSuccess();

        async Task<string> TokenAsync(string name) =>
            (await StepAsync("ca", "token", name, "--provisioner", "builds", "--provisioner-password-file", _folder.Combine("password"))).EnsureSuccess().Output.Trim();
        async Task<string> KeyAsync() => JsonNode.Parse((await IotAsync("ca", "provisioner", "show", "builds")).EnsureSuccess().Output)!["key"]!["kid"]!.GetValue<string>();
        Task<ToolResult> BuyAsync(string name, string token) => StepAsync("ca", "certificate", name, "bought.crt", "bought.key", "--token", token, "--force");
    }

    [SkippableFact]
    public async Task AcmeProvisioner_AddedChangedRemoved_WithItsAccountKeys()
    {
        (await IotAsync("ca", "provisioner", "add", "web", "--type", "ACME", "--challenge", "http-01", "--require-eab", "--allow", "dns:*.web.test")).EnsureSuccess();
        (await IotAsync("ca", "provisioner", "update", "web", "--x509-default-dur", "2h", "--force-cn")).EnsureSuccess();
        var definition = JsonNode.Parse((await IotAsync("ca", "provisioner", "show", "web")).Output)!;
        definition["requireEAB"]!.GetValue<bool>().ShouldBeTrue();
        definition["forceCN"]!.GetValue<bool>().ShouldBeTrue();
        definition["challenges"]!.AsArray().Single()!.GetValue<string>().ShouldBe("http-01");
        using var http = AnyServerHttp.Create(_provider.Url, [_provider.Trust.Root], client: null, TimeSpan.FromSeconds(30));
        (await http.GetStringAsync(new Uri(_provider.Url, "acme/web/directory"))).ShouldContain("externalAccountRequired");

        var added = await IotAsync("ca", "acme", "eab", "add", "web", "customer-17", "--json");
        added.EnsureSuccess();
        var id = JsonNode.Parse(added.Output)!["id"]!.GetValue<string>();
        var listed = await IotAsync("ca", "acme", "eab", "list", "web", "--json");
        listed.Output.ShouldContain("customer-17");
        listed.Output.ShouldNotContain("hmac_key");
        string[] account = ["--provisioner", "web", "--eab-key-reference", "customer-17"];
        (await IotAsync(["ca", "policy", "view", .. account])).ExitCode.ShouldBe(4, "there is none");
        (await IotAsync(["ca", "policy", "allow", "dns:shop.web.test", "ip:10.0.0.0/8", .. account])).EnsureSuccess();
        (await IotAsync(["ca", "policy", "allow", "ip:10.0.0.0/8", "--remove", "--provisioner", "web", "--eab-key-id", id])).EnsureSuccess().Output.ShouldNotContain("10.0.0.0");
        (await IotAsync(["ca", "policy", "deny", "dns:no.web.test", .. account])).EnsureSuccess();
        (await IotAsync(["ca", "policy", "wildcards", "allow", .. account])).EnsureSuccess();
        JsonNode.DeepEquals(
            JsonNode.Parse((await IotAsync(["ca", "policy", "view", .. account])).EnsureSuccess().Output),
            JsonNode.Parse("""{"x509":{"allow":{"dns":["shop.web.test"]},"deny":{"dns":["no.web.test"]},"allowWildcardNames":true}}""")).ShouldBeTrue();
        JsonNode.Parse((await IotAsync("ca", "policy", "view", "--provisioner", "web")).Output)!.ToJsonString().ShouldNotContain("shop", customMessage: "the provisioner's is another");
        JsonNode.Parse((await IotAsync("ca", "acme", "eab", "list", "web", "--json")).Output)![0]!["has_policy"]!.GetValue<bool>().ShouldBeTrue();
        (await IotAsync(["ca", "policy", "remove", "--yes", .. account])).EnsureSuccess();
        (await IotAsync(["ca", "policy", "remove", "--yes", .. account])).ExitCode.ShouldBe(4);
        (await IotAsync("ca", "policy", "view", "--eab-key-id", id)).ExitCode.ShouldBe(2, "whose key?");
        (await IotAsync("ca", "policy", "view", "--provisioner", "web", "--eab-key-reference", "customer-18")).ExitCode.ShouldBe(4);
        (await IotAsync("ca", "acme", "eab", "remove", "web", id, "--yes")).EnsureSuccess();
        (await IotAsync("ca", "acme", "eab", "remove", "web", id, "--yes")).ExitCode.ShouldNotBe(0);

        (await IotAsync("ca", "provisioner", "remove", "web", "--yes")).EnsureSuccess();
        using var gone = await http.GetAsync(new Uri(_provider.Url, "acme/web/directory"));
        gone.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task AdminsAndPolicies_AddedChangedRemoved_StepSeesEachAtOnce()
    {
        await File.WriteAllTextAsync(_folder.Combine("password"), "a password of builds\n");
        (await IotAsync("ca", "provisioner", "add", "builds", "--create", "--provisioner-password-file", _folder.Combine("password"))).EnsureSuccess();
        (await IotAsync("ca", "admin", "add", "step.admins.test", "builds", "--super")).EnsureSuccess();
        (await IotAsync("ca", "admin", "add", "anna.admins.test", "builds")).EnsureSuccess();
        (await IotAsync("ca", "admin", "add", "anna.admins.test", "builds")).ExitCode.ShouldBe(1, "there is one");
        (await IotAsync("ca", "admin", "update", "anna.admins.test", "--super")).EnsureSuccess();
        (await IotAsync("ca", "admin", "update", "step.admins.test", "--no-super")).EnsureSuccess();
        var listed = JsonNode.Parse((await IotAsync("ca", "admin", "list", "--json")).EnsureSuccess().Output)!.AsArray();
        listed.Select(admin => ((string?)admin!["subject"], (bool)admin["super"]!)).ShouldBe([("step.admins.test", false), ("anna.admins.test", true)]);

        (await IotAsync("ca", "policy", "view")).ExitCode.ShouldBe(4, "there is none");
        (await IotAsync("ca", "policy", "allow", "dns:*.built.test")).ExitCode.ShouldBe(1, "it would lock the admins out");
        (await IotAsync("ca", "policy", "allow", "dns:*.built.test", "dns:*.admins.test", "ip:10.0.0.0/8")).EnsureSuccess();
        (await IotAsync("ca", "policy", "allow", "ip:10.0.0.0/8", "--remove")).EnsureSuccess().Output.ShouldNotContain("10.0.0.0");
        (await EnrollAsync("a.built.test")).EnsureSuccess();
        (await EnrollAsync("a.other.test")).ExitCode.ShouldNotBe(0);
        (await IotAsync("ca", "policy", "deny", "dns:b.built.test", "--provisioner", "builds")).EnsureSuccess();
        (await EnrollAsync("b.built.test")).ExitCode.ShouldNotBe(0);
        (await IotAsync("ca", "policy", "remove", "--provisioner", "builds", "--yes")).EnsureSuccess();
        (await EnrollAsync("b.built.test")).EnsureSuccess();
        (await IotAsync("ca", "policy", "remove", "--yes")).EnsureSuccess();
        (await EnrollAsync("a.other.test")).EnsureSuccess();

        (await IotAsync("ca", "admin", "remove", "anna.admins.test", "--yes")).ExitCode.ShouldBe(1, "the last super admin");
        (await IotAsync("ca", "admin", "remove", "step.admins.test", "--yes")).EnsureSuccess();
        (await IotAsync("ca", "admin", "remove", "anna.admins.test", "--yes")).EnsureSuccess();
        (await IotAsync("ca", "admin", "remove", "anna.admins.test", "--yes")).ExitCode.ShouldBe(4);
    }

    private Task<ToolResult> EnrollAsync(string name, string password = "password") =>
        StepAsync("ca", "certificate", name, "built.crt", "built.key", "--issuer", "builds", "--provisioner-password-file", _folder.Combine(password), "--force");

    private static IReadOnlyList<(string?, string?)> Outcomes(ToolResult result)
    {
        using var json = JsonDocument.Parse(result.Output);
        return [.. json.RootElement.EnumerateArray().Select(outcome => (outcome.GetProperty("name").GetString(), outcome.GetProperty("status").GetString()))];
    }

    private Task<ToolResult> IotAsync(params string[] arguments) => IotCli.RunAsync([.. arguments, "--data", _provider.Data, "--url", _provider.Url.AbsoluteUri]);

    private Task<ToolResult> StepAsync(params string[] arguments) => StepInAsync(_folder.Combine("step"), arguments);

    private Task<ToolResult> StepInAsync(string home, params string[] arguments) => Tools.RunAsync(
        _step, arguments, environment: new Dictionary<string, string?> { ["STEPPATH"] = home, ["HOME"] = _folder.Path }, workingDirectory: _folder.Path);
}
