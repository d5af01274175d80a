using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>What a step user does with a CA, against any authority: the derived class names one.</summary>
public abstract class StepCliTests
{
    protected abstract StepTarget Target { get; }

    [SkippableFact]
    public async Task Bootstrap_RightFingerprint_StoresTheRoot()
    {
        using var step = await StartAsync();

        var root = X509CertificateLoader.LoadCertificateFromFile(step.Root);

        Fingerprint.Of(root).ShouldBe(Target.RootFingerprint, StringCompareShould.IgnoreCase);
    }

    [SkippableFact]
    public async Task Bootstrap_WrongFingerprint_IsRefused()
    {
        using var step = new StepCli(Target);

        var result = await step.RunAsync("ca", "bootstrap", "--ca-url", Target.Url.GetLeftPart(UriPartial.Authority), "--fingerprint", new string('0', 64), "--force");

        result.ExitCode.ShouldNotBe(0);
        File.Exists(step.Root).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Health_Running_IsOk()
    {
        using var step = await StartAsync();

        (await step.RunAsync("ca", "health")).EnsureSuccess().Output.Trim().ShouldBe("ok");
    }

    [SkippableFact]
    public async Task RootsFederationAndRoot_OfTheCa_AreTheBootstrappedRoot()
    {
        using var step = await StartAsync();

        (await step.RunAsync("ca", "roots", "roots.pem", "--force")).EnsureSuccess();
        (await step.RunAsync("ca", "federation", "federation.pem", "--force")).EnsureSuccess();
        (await step.RunAsync("ca", "root", "root.pem", "--fingerprint", Target.RootFingerprint, "--force")).EnsureSuccess();

        var root = await File.ReadAllTextAsync(step.Root);
        step.Read("roots.pem").Trim().ShouldBe(root.Trim());
        step.Read("federation.pem").Trim().ShouldBe(root.Trim());
        step.Read("root.pem").Trim().ShouldBe(root.Trim());
    }

    [SkippableFact]
    public async Task ProvisionerList_OfTheCa_HasTheJwkProvisioner()
    {
        using var step = await StartAsync();

        using var list = JsonDocument.Parse((await step.RunAsync("ca", "provisioner", "list")).EnsureSuccess().Output);

        var provisioner = list.RootElement.EnumerateArray().Single(p => p.GetProperty("name").GetString() == Target.Provisioner);
        provisioner.GetProperty("type").GetString().ShouldBe("JWK");
        provisioner.GetProperty("key").GetProperty("alg").GetString().ShouldBe("ES256");
    }

    [SkippableFact]
    public async Task Token_ThenCertificate_IsIssued()
    {
        using var step = await StartAsync();

        var token = (await step.RunAsProvisionerAsync("ca", "token", "token.test")).EnsureSuccess().Output.Trim();
        (await step.RunAsync("ca", "certificate", "token.test", "token.crt", "token.key", "--token", token, "--force")).EnsureSuccess();

        await VerifyAsync(step, "token.crt");
        Leaf(step, "token.crt").GetNameInfo(X509NameType.SimpleName, false).ShouldBe("token.test");
        var again = await step.RunAsync("ca", "certificate", "token.test", "again.crt", "again.key", "--token", token, "--force");
        again.ExitCode.ShouldNotBe(0);
        File.Exists(step.File("again.crt")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("EC", "P-256")]
    [InlineData("EC", "P-384")]
    [InlineData("EC", "P-521")]
    [InlineData("RSA", null)]
    [InlineData("OKP", "Ed25519")]
    public async Task Certificate_EveryKeyType_VerifiesUpToTheRoot(string kty, string? curve)
    {
        using var step = await StartAsync();

        string[] key = curve is null ? ["--kty", kty, "--size", "2048"] : ["--kty", kty, "--curve", curve];
        await step.EnrollAsync("device.test", "device", key);

        await VerifyAsync(step, "device.crt");
        Leaf(step, "device.crt").GetNameInfo(X509NameType.SimpleName, false).ShouldBe("device.test");
    }

    [SkippableFact]
    public async Task Certificate_SeveralSans_CarriesThemAll()
    {
        using var step = await StartAsync();

        await step.EnrollAsync("san.test", "san", "--san", "san.test", "--san", "other.test", "--san", "192.0.2.7", "--san", "me@mail.test", "--not-after", "1h");

        var leaf = Leaf(step, "san.crt");
        var names = SubjectNames.FromCertificate(leaf);
        names.Dns.ShouldBe(["san.test", "other.test"], ignoreOrder: true);
        names.Ip.Select(i => i.ToString()).ShouldBe(["192.0.2.7"]);
        names.Emails.ShouldBe(["me@mail.test"]);
        (leaf.NotAfter - leaf.NotBefore).ShouldBe(TimeSpan.FromMinutes(61), TimeSpan.FromSeconds(2));
        await VerifyAsync(step, "san.crt");
    }

    [SkippableFact]
    public async Task Certificate_LongerThanAllowed_IsForbidden()
    {
        using var step = await StartAsync();

        var result = await step.RunAsProvisionerAsync("ca", "certificate", "long.test", "long.crt", "long.key", "--not-after", "25h", "--force");

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain("requested duration of 25h1m0s is more than the authorized maximum certificate duration of 24h1m0s");
    }

    [SkippableFact]
    public async Task Certificate_WrongProvisionerPassword_IsNotIssued()
    {
        using var step = await StartAsync();
        await File.WriteAllTextAsync(step.File("wrong"), "wrong");

        var result = await step.RunAsync("ca", "certificate", "a.test", "a.crt", "a.key", "--force", "--provisioner", Target.Provisioner, "--provisioner-password-file", step.File("wrong"));

        result.ExitCode.ShouldNotBe(0);
        File.Exists(step.File("a.crt")).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Renew_Force_KeepsKeyAndNames()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("renew.test", "renew");
        var before = Leaf(step, "renew.crt");

        (await step.RunAsync("ca", "renew", "--force", "renew.crt", "renew.key")).EnsureSuccess();

        var after = Leaf(step, "renew.crt");
        after.SerialNumber.ShouldNotBe(before.SerialNumber);
        after.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(before.PublicKey.ExportSubjectPublicKeyInfo());
        SubjectNames.FromCertificate(after).HasSameNames(SubjectNames.FromCertificate(before)).ShouldBeTrue();
        await VerifyAsync(step, "renew.crt");
    }

    /// <summary>As beside a service that has to have a certificate for ever: one each period, until they are revoked.</summary>
    [SkippableFact]
    public async Task RenewDaemon_RenewsEachPeriod_UntilItsCertificatesAreRevoked()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("daemon.test", "daemon", "--not-after", "10m");
        File.Copy(step.File("daemon.crt"), step.File("first.crt"));
        var first = Leaf(step, "first.crt");
        var keep = step.File("keep");
        await File.WriteAllTextAsync(keep, "#!/bin/sh\ncp daemon.crt copy && mv copy \"renewed-$(date +%s%N).crt\"\n");
        File.SetUnixFileMode(keep, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        await using var daemon = step.Start("ca", "renew", "--daemon", "--renew-period", "2s", "--exec", keep, "daemon.crt", "daemon.key");

        await UntilAsync(() => Task.FromResult(Renewed().Length >= 3));
        var renewed = Renewed().Select(path => Leaf(step, Path.GetFileName(path))).ToList();
        renewed.Select(leaf => leaf.SerialNumber).Append(first.SerialNumber).Distinct(StringComparer.Ordinal).Count().ShouldBe(renewed.Count + 1);
        renewed.ShouldAllBe(leaf => leaf.PublicKey.ExportSubjectPublicKeyInfo().SequenceEqual(first.PublicKey.ExportSubjectPublicKeyInfo())
            && SubjectNames.FromCertificate(leaf).HasSameNames(SubjectNames.FromCertificate(first)));
        await VerifyAsync(step, Path.GetFileName(Renewed()[^1]));

        // It goes on with its connection, and so with the certificate that it began it with.
        await UntilAsync(async () =>
        {
            foreach (var certificate in Renewed().Select(Path.GetFileName).Prepend("first.crt").Prepend("daemon.crt"))
            {
                await step.RunAsync("ca", "revoke", "--cert", certificate!, "--key", "daemon.key");
            }

            return Refusals() > 0;
        });
        var last = Leaf(step, "daemon.crt");
        var before = Refusals();
        daemon.HangUp();
        await UntilAsync(() => Task.FromResult(Refusals() > before));
        Leaf(step, "daemon.crt").SerialNumber.ShouldBe(last.SerialNumber);
        daemon.Terminate();
        await daemon.WaitForExitAsync();

        string[] Renewed() => [.. Directory.EnumerateFiles(Path.GetDirectoryName(keep)!, "renewed-*.crt").Order(StringComparer.Ordinal)];
        int Refusals() => daemon.Lines.Count(line => line.Contains("authorization", StringComparison.Ordinal));
        Task UntilAsync(Func<Task<bool>> condition) => Waiting.UntilAsync(async () => daemon.HasExited ? throw new InvalidOperationException(daemon.Output) : await condition());
    }

    [SkippableFact]
    public async Task Rekey_StepsCertificate_KeepsNamesAndChangesTheKey()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("rekey.test", "rekey");
        var before = Leaf(step, "rekey.crt");

        if ((await step.RunAsync("ca", "rekey", "--help")).ExitCode == 0)
        {
            (await step.RunAsync("ca", "rekey", "--force", "rekey.crt", "rekey.key")).EnsureSuccess();
        }
        else
        {
            // Older releases have no such command: the call it would make, with step's key.
            await RekeyOverHttpAsync(step, "rekey");
        }

        var after = Leaf(step, "rekey.crt");
        after.PublicKey.ExportSubjectPublicKeyInfo().ShouldNotBe(before.PublicKey.ExportSubjectPublicKeyInfo());
        SubjectNames.FromCertificate(after).HasSameNames(SubjectNames.FromCertificate(before)).ShouldBeTrue();
        await VerifyAsync(step, "rekey.crt");
        (await step.RunAsync("ca", "renew", "--force", "rekey.crt", "rekey.key")).EnsureSuccess();
    }

    [SkippableFact]
    public async Task Revoke_ByCertificateAndKey_EndsRenewal()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("gone.test", "gone");

        (await step.RunAsync("ca", "revoke", "--cert", "gone.crt", "--key", "gone.key")).EnsureSuccess().Error.ShouldContain("has been revoked");

        var renewal = await step.RunAsync("ca", "renew", "--force", "gone.crt", "gone.key");
        renewal.ExitCode.ShouldNotBe(0);
        var again = await step.RunAsync("ca", "revoke", "--cert", "gone.crt", "--key", "gone.key");
        again.ExitCode.ShouldNotBe(0);
        again.Error.ShouldContain("is already revoked");
    }

    [SkippableFact]
    public async Task Revoke_BySerialWithProvisioner_EndsRenewal()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("token-gone.test", "gone");
        var serial = SerialNumber.ToDecimal(Leaf(step, "gone.crt").SerialNumberBytes.Span);
        var token = (await step.RunAsProvisionerAsync("ca", "token", serial, "--revoke")).EnsureSuccess().Output.Trim();

        (await step.RunAsync("ca", "revoke", serial, "--token", token, "--reasonCode", "1", "--reason", "stolen")).EnsureSuccess().Error.ShouldContain("has been revoked");

        (await step.RunAsync("ca", "renew", "--force", "gone.crt", "gone.key")).ExitCode.ShouldNotBe(0);
    }

    /// <summary>Reasons by number and by name. What is on hold is renewed again once it is removed from the list.</summary>
    [SkippableFact]
    public async Task Revoke_HoldThenRemoveFromCrl_RenewsAgain()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("hold.test", "hold");
        var serial = SerialNumber.ToDecimal(Leaf(step, "hold.crt").SerialNumberBytes.Span);

        (await step.RunAsync("ca", "revoke", serial, "--token", await TokenAsync(), "--reasonCode", "CertificateHold")).EnsureSuccess();
        (await step.RunAsync("ca", "renew", "--force", "hold.crt", "hold.key")).ExitCode.ShouldNotBe(0);
        (await step.RunAsync("ca", "revoke", "--cert", "hold.crt", "--key", "hold.key", "--reasonCode", "8")).ExitCode.ShouldNotBe(0);

        (await step.RunAsync("ca", "revoke", serial, "--token", await TokenAsync(), "--reasonCode", "8", "--reason", "found")).EnsureSuccess();
        (await step.RunAsync("ca", "renew", "--force", "hold.crt", "hold.key")).EnsureSuccess();

        async Task<string> TokenAsync() => (await step.RunAsProvisionerAsync("ca", "token", serial, "--revoke")).EnsureSuccess().Output.Trim();
    }

    [SkippableFact]
    public async Task Revoke_TokenForAnotherSerial_IsRefused()
    {
        using var step = await StartAsync();
        await step.EnrollAsync("safe.test", "safe");
        var serial = SerialNumber.ToDecimal(Leaf(step, "safe.crt").SerialNumberBytes.Span);
        var token = (await step.RunAsProvisionerAsync("ca", "token", "12345", "--revoke")).EnsureSuccess().Output.Trim();

        var result = await step.RunAsync("ca", "revoke", serial, "--token", token);

        result.ExitCode.ShouldNotBe(0);
        (await step.RunAsync("ca", "renew", "--force", "safe.crt", "safe.key")).EnsureSuccess();
    }

    [SkippableFact]
    public async Task OpenSsl_X509Strict_AcceptsTheChain()
    {
        var openssl = Requires.Tool("openssl");
        using var step = await StartAsync();
        await step.EnrollAsync("strict.test", "strict");
        var chain = Pem.ParseCertificates(step.Read("strict.crt"));
        await File.WriteAllTextAsync(step.File("leaf.pem"), Pem.Certificates(chain[..1]));
        await File.WriteAllTextAsync(step.File("issuers.pem"), Pem.Certificates(chain[1..]));

        var result = await Tools.RunAsync(openssl, ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", step.Root, "-untrusted", step.File("issuers.pem"), step.File("leaf.pem")]);

        result.EnsureSuccess();
    }

    private async Task RekeyOverHttpAsync(StepCli step, string name)
    {
        using var certificate = X509Certificate2.CreateFromPemFile(step.File($"{name}.crt"), step.File($"{name}.key"));
        using var client = AnyServerHttp.Create(Target.Url, [X509Certificate2.CreateFromPem(step.Read(step.Root))], certificate, TimeSpan.FromSeconds(30));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "ignored.test" });

        using var response = await client.PostAsJsonAsync("/1.0/rekey", new { csr });

        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        response.StatusCode.ShouldBe(HttpStatusCode.Created, answer.ToString());
        await File.WriteAllTextAsync(step.File($"{name}.crt"), string.Concat(answer.GetProperty("certChain").EnumerateArray().Select(c => c.GetString())));
        await File.WriteAllTextAsync(step.File($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 Leaf(StepCli step, string file) => Pem.ParseCertificates(step.Read(file))[0];

    private static async Task VerifyAsync(StepCli step, string file) =>
        (await step.RunAsync("certificate", "verify", file, "--roots", step.Root)).EnsureSuccess();

    private Task<StepCli> StartAsync() => new StepCli(Target).BootstrapAsync();
}
