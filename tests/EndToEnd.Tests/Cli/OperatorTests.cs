using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>An operator's day with <c>iot</c>, against stacks that really run.</summary>
[Collection(KeptDemo.Shared)]
public sealed class OperatorTests(KeptDemo demo)
{
    [SkippableFact]
    public async Task Tenants_ListAndShow_Agree()
    {
        var list = await IotCli.JsonAsync(["tenants", "list", .. demo.Provider]);
        var acme = await IotCli.JsonAsync(["tenants", "show", "acme", .. demo.Provider]);

        list.EnumerateArray().Select(tenant => tenant.GetProperty("tenant_id").GetString()).ShouldContain("acme");
        acme.GetProperty("status").GetString().ShouldBe("active");
        acme.GetProperty("steps").EnumerateArray().Select(step => step.TryGetProperty("completed_at", out _)).ShouldAllBe(completed => completed);
    }

    [SkippableFact]
    public async Task Tenants_PrepareReplaceRevokeRemove_GoThrough()
    {
        var file = demo.Combine("initech.env");
        (await IotCli.RunAsync(["tenants", "prepare", "initech", "--env-file", file, .. demo.Provider])).EnsureSuccess();
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var replaced = await IotCli.JsonAsync(["tenants", "replace-key", "initech", .. demo.Provider]);
        replaced.GetProperty("join_key").GetString()!.ShouldMatch("^[A-Z0-9]{4}(-[A-Z0-9]{4}){3}$");
        (await IotCli.RunAsync(["tenants", "revoke-key", "initech", .. demo.Provider])).EnsureSuccess();
        (await IotCli.RunAsync(["tenants", "remove", "initech", "--yes", .. demo.Provider])).EnsureSuccess();

        var twice = await IotCli.RunAsync(["tenants", "prepare", "acme", .. demo.Provider]);
        twice.ExitCode.ShouldBe(1, "the tenant exists");
    }

    [SkippableFact]
    public async Task Tenants_Unknown_IsNotFound() =>
        (await IotCli.RunAsync(["tenants", "show", "nobody", .. demo.Provider])).ExitCode.ShouldBe(4);

    [SkippableFact]
    public async Task NobodyLoggedIn_IsNotAuthorised()
    {
        var result = await IotCli.RunAsync("tenants", "list", "--url", demo.Provider[1], "--root", Path.Combine(demo.DataOf("provider"), "certs", "root_ca.crt"), "--data", Directory.CreateDirectory(demo.Combine("no-stack")).FullName);

        result.ExitCode.ShouldBe(5, result.Error);
        result.Error.ShouldContain("iot login");
    }

    [SkippableFact]
    public async Task Trust_AnotherFingerprint_SendsNoRequest()
    {
        var result = await IotCli.RunAsync("tenants", "list", demo.Provider[0], demo.Provider[1], "--fingerprint", new string('0', 64));

        result.ExitCode.ShouldBe(3, result.Error);
        result.Error.ShouldContain("fingerprint");
    }

    [SkippableFact]
    public async Task Device_EnrolRenewRunRevoke_OnARealTenant()
    {
        var token = demo.Combine("token");
        var folder = demo.Combine("new-device");
        (await IotCli.RunAsync(["devices", "token", "acme-new-1", "--out", token, .. demo.Acme])).EnsureSuccess();

        var enrolled = await IotCli.JsonAsync(["device", "enroll", "acme-new-1", "--token-file", token, "--folder", folder, "--wireguard", .. demo.Acme]);
        var second = await IotCli.RunAsync(["device", "enroll", "acme-new-1", "--token-file", token, "--folder", demo.Combine("thief"), .. demo.Acme]);
        var renewed = await IotCli.JsonAsync("device", "renew", "--folder", folder);

        second.ExitCode.ShouldNotBe(0, "a one-time token works once");
        renewed.GetProperty("serial").GetString().ShouldNotBe(enrolled.GetProperty("serial").GetString());
        File.GetUnixFileMode(Path.Combine(folder, "identity.pem")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await File.ReadAllTextAsync(Path.Combine(folder, "wg0.conf"))).ShouldNotContain("<PRIVATE_KEY>");

        await using (var agent = IotCli.Start("device", "run", "--folder", folder, "--transport", "mqtt", "--on-command", Requires.Tool("cat")))
        {
            await agent.WaitForLineAsync(line => line.Contains("renewing at", StringComparison.Ordinal));
            string[] command = ["acme-new-1", "echo", "--payload", """{"rpm":900}""", "--ttl", "5m", "--wait"];
            var answered = await IotCli.JsonAsync(["devices", "send", .. command, .. demo.Acme]);
            var ofTheProvider = await IotCli.JsonAsync(["tenants", "send", "acme", .. command, .. demo.Provider]);
            var listed = await IotCli.JsonAsync(["devices", "commands", "acme-new-1", .. demo.Acme]);
            new[] { answered, ofTheProvider }.Select(sent => (sent.GetProperty("state").GetString(), sent.GetProperty("answer").GetRawText())).ShouldAllBe(sent => sent.Item1 == "answered" && sent.Item2.Contains("900", StringComparison.Ordinal));
            listed.EnumerateArray().Select(sent => sent.GetProperty("created_by").GetString()!.StartsWith("provider:", StringComparison.Ordinal)).ShouldBe([true, false], "newest first");
            agent.Terminate();
            (await agent.WaitForExitAsync()).ShouldBe(0, agent.Output);
        }

        (await IotCli.RunAsync(["devices", "revoke", "acme-new-1", "--reason", "test", .. demo.Acme])).EnsureSuccess();
        var refused = await IotCli.RunAsync("device", "renew", "--folder", folder);
        refused.ExitCode.ShouldBe(5, refused.Error);
    }

    [SkippableFact]
    public async Task Tenants_Rotate_DevicesKeepWorkingAndMoveOver()
    {
        var device = Path.Combine(demo.Data, "devices", "globex", "globex-pump-1");
        using var before = X509CertificateLoader.LoadCertificate(Leaf(device));

        (await IotCli.RunAsync(["tenant", "rotate", .. demo.Globex])).EnsureSuccess();
        (await IotCli.RunAsync("device", "renew", "--folder", device)).EnsureSuccess();

        using var after = X509CertificateLoader.LoadCertificate(Leaf(device));
        AuthorityKey(after).ShouldNotBe(AuthorityKey(before));
        var globex = await IotCli.JsonAsync(["tenants", "show", "globex", .. demo.Provider]);
        globex.GetProperty("sub_ca_serials").GetArrayLength().ShouldBe(2);
    }

    [SkippableFact]
    public async Task Ca_ListInspectRevoke_OnATenant()
    {
        var certificates = await IotCli.JsonAsync(["ca", "list", "--tenant", "--profile", "device", "--text", "acme-meter-1", .. demo.Acme]);
        var serial = certificates[0].GetProperty("serial").GetString()!;

        var inspected = await IotCli.JsonAsync(["ca", "inspect", serial, "--tenant", .. demo.Acme]);
        (await IotCli.RunAsync(["ca", "revoke", serial, "--tenant", "--reason-code", "4", .. demo.Acme])).EnsureSuccess();
        var again = await IotCli.RunAsync(["ca", "revoke", serial, "--tenant", .. demo.Acme]);

        inspected[0].GetProperty("serial").GetString().ShouldBe(serial);
        inspected[0].GetProperty("sans").EnumerateArray().Select(san => san.GetString()).ShouldContain("spiffe://acme.iotplatform.internal/device/acme-meter-1");
        again.ExitCode.ShouldBe(1, "it is revoked already");
        (await IotCli.RunAsync(["ca", "revoke", "12345", "--tenant", .. demo.Acme])).ExitCode.ShouldBe(4);
    }

    [SkippableFact]
    public async Task Ca_FingerprintAndRoot_AgreeEverywhere()
    {
        var local = (await IotCli.RunAsync("ca", "fingerprint", "--data", demo.DataOf("provider"))).EnsureSuccess().Output.Trim();
        var file = demo.Combine("root.crt");

        (await IotCli.RunAsync("ca", "root", file, demo.Provider[0], demo.Provider[1], "--fingerprint", local)).EnsureSuccess();

        (await IotCli.RunAsync("ca", "fingerprint", file)).Output.Trim().ShouldBe(local);
        (await IotCli.RunAsync("ca", "fingerprint", "--data", demo.DataOf("acme"))).Output.Trim().ShouldBe(local);
    }

    [SkippableFact]
    public async Task RootKey_ExportThenRemove_WhileTheProviderRuns_IsAudited()
    {
        _ = demo.Provider;
        string[] data = ["--data", demo.DataOf("provider")];
        var file = demo.Combine("root.key");
        var tooEarly = await IotCli.RunAsync(["ca", "remove-root-key", "--yes", .. data]);

        var exported = await IotCli.RunAsync(["ca", "export-root-key", "--out", file, .. data]);
        var overwritten = await IotCli.RunAsync(["ca", "export-root-key", "--out", file, .. data]);
        var removed = await IotCli.RunAsync(["ca", "remove-root-key", "--yes", .. data]);

        tooEarly.ExitCode.ShouldBe(1, "not exported yet");
        exported.EnsureSuccess();
        overwritten.ExitCode.ShouldBe(1, "an existing file is not replaced");
        removed.EnsureSuccess();
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await File.ReadAllTextAsync(file)).ShouldStartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        (await IotCli.RunAsync(["ca", "export-root-key", "--out", demo.Combine("again.key"), .. data])).ExitCode.ShouldBe(4, "it is gone");
        var actions = (await IotCli.JsonAsync(["audit", "list", "--limit", "1000", .. demo.Provider])).EnumerateArray().Select(entry => entry.GetProperty("action").GetString()).ToArray();
        actions.ShouldContain("ca.root_key_exported");
        actions.ShouldContain("ca.root_key_removed");
        (await IotCli.RunAsync(["audit", "verify", .. demo.Provider])).EnsureSuccess();
    }

    [SkippableFact]
    public async Task Accounts_AddListDisable_AndALostPasswordOnTheMachine()
    {
        foreach (var stack in new string[][] { demo.Provider, [.. demo.Acme, "--tenant"] })
        {
            (await IotCli.JsonAsync(["accounts", "add", "eve", "--role", "cdm-operator", .. stack])).GetProperty("url").GetString()!.ShouldContain("/portal/invitation?token=");
            (await IotCli.RunAsync(["accounts", "disable", "eve", .. stack])).EnsureSuccess();
            var eve = (await IotCli.JsonAsync(["accounts", "list", .. stack])).EnumerateArray().Single(account => account.GetProperty("username").GetString() == "eve");
            eve.TryGetProperty("disabled_at", out _).ShouldBeTrue();
            (await IotCli.RunAsync(["accounts", "disable", "admin", .. stack])).ExitCode.ShouldBe(1, "the last administrator");
        }

        var file = Path.Combine(demo.DataOf("provider"), "admin-password");
        var before = await File.ReadAllTextAsync(file);
        (await IotCli.RunAsync("accounts", "reset", "admin", "--on-this-machine", "--data", demo.DataOf("provider"))).EnsureSuccess();
        (await File.ReadAllTextAsync(file)).ShouldNotBe(before);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await IotCli.RunAsync(["tenants", "list", .. demo.Provider])).EnsureSuccess();
        (await IotCli.RunAsync("accounts", "reset-factors", "admin", "--on-this-machine", "--data", demo.DataOf("provider"))).EnsureSuccess();
        (await IotCli.RunAsync("accounts", "reset", "nobody", "--on-this-machine", "--data", demo.DataOf("provider"))).ExitCode.ShouldBe(4);
    }

    [SkippableFact]
    public async Task AuditVerify_OldHead_IsStillInTheLog()
    {
        var head = (await IotCli.JsonAsync(["audit", "verify", .. demo.Provider])).GetProperty("head").GetString()!;

        (await IotCli.RunAsync(["audit", "verify", "--head", head, .. demo.Provider])).ExitCode.ShouldBe(0);
        (await IotCli.RunAsync(["audit", "verify", "--head", new string('1', 64), .. demo.Provider])).ExitCode.ShouldBe(1);
    }

    private static byte[] Leaf(string device)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(Path.Combine(device, "identity.pem"));
        return certificates[0].RawData;
    }

    private static string AuthorityKey(X509Certificate2 certificate) =>
        Convert.ToHexString(certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
}
