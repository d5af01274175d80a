using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>The real step-ca is stopped, <c>iot ca import</c> reads its database, and its real clients go on at the provider with the root and the password that they had.</summary>
public sealed class StepCaImportTests
{
    [SkippableFact]
    public async Task Import_OfAStoppedStepCa_ItsClientsNoticeNothing()
    {
        // The name that step's clients call is the former authority's alone.
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
        {
            ["IOT_NAMES"] = "127.0.0.1,provider.iot.example",
            ["IOT_PUBLIC_URL"] = "https://provider.iot.example/",
        });
        foreach (var (database, provisioner, issues) in new[] { ("badgerv2", "builds@example.com", true), ("bbolt", "more@example.com", false) })
        {
            await using var old = await InstalledStepCa.CreateAsync(database, provisioner);
            await old.LiveAsync();

            string[] flags = issues ? ["--issue"] : [];
            var imported = await ImportAsync(provider, old, flags);

            imported.ShouldBe([(provisioner, "added"), ("Old Intermediate CA", "added"), ("certificates", "4 added, 0 were here, 1 newly revoked")]);
            using var before = old.Read("a");
            (await StepAsync("ca", "renew", "--force", "a.crt", "a.key")).EnsureSuccess();
            using var renewed = old.Read("a");
            renewed.SerialNumber.ShouldNotBe(before.SerialNumber);
            using var issuer = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Path.GetDirectoryName(old.RootFile)!, "intermediate_ca.crt"));
            ChainVerifier.Verify(renewed, [issuer], [old.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();

            var refused = await StepAsync("ca", "renew", "--force", "b.crt", "b.key");
            refused.ExitCode.ShouldNotBe(0);
            refused.Error.ShouldContain("authorization");
            var serial = SerialNumber.ToDecimal(renewed.SerialNumberBytes.Span);
            var token = (await StepAsync("ca", "token", "--revoke", "--provisioner", provisioner, "--password-file", old.PasswordFile, serial)).EnsureSuccess().Output.Trim();
            (await StepAsync("ca", "revoke", "--token", token, serial)).EnsureSuccess();
            (await StepAsync("ca", "renew", "--force", "a.crt", "a.key")).ExitCode.ShouldNotBe(0);

            using var http = AnyServerHttp.Create(new Uri($"https://127.0.0.1:{provider.Url.Port}/"), [provider.Trust.Root], client: null, TimeSpan.FromSeconds(30));
            var list = await http.GetByteArrayAsync($"crl/{Convert.ToHexStringLower(IssuerInfo.FromCertificate(issuer).SubjectKeyIdentifier.Span)}.crl");
            using var b = old.Read("b");
            list.AsSpan().IndexOf(b.SerialNumberBytes.Span).ShouldBePositive();
            list.AsSpan().IndexOf(renewed.SerialNumberBytes.Span).ShouldBePositive();

            // What a token buys is of the root that its owner's peers trust already, or of the platform's.
            (await StepAsync("ca", "certificate", "new.test", "new.crt", "new.key", "--provisioner", provisioner, "--provisioner-password-file", old.PasswordFile)).EnsureSuccess();
            using var bought = old.Read("new");
            ChainVerifier.Verify(bought, [issuer], [old.Root], CertificatePurpose.ServerAuth, TimeProvider.System.GetUtcNow()).IsValid.ShouldBe(issues);

            (await ImportAsync(provider, old, flags)).ShouldBe([(provisioner, "was here"), ("Old Intermediate CA", "was here"), ("certificates", "0 added, 4 were here, 0 newly revoked")]);

            Task<ToolResult> StepAsync(params string[] arguments) => old.StepAsync([.. arguments[..2], "--ca-url", $"https://localhost:{provider.Url.Port}", "--root", old.RootFile, .. arguments[2..]]);
        }
    }

    /// <summary>The provider is where the step-ca was, and certbot's files stay as they are: it orders under the account's address that step-ca gave it.</summary>
    [SkippableFact]
    public async Task Import_OfAcmeAccounts_CertbotGoesOnWithItsOwn()
    {
        var certbot = Requires.Tool("certbot");
        using var folder = new TempFolder();
        var (port, httpPort, roots) = (FreePort.Next(), FreePort.Next(), folder.Combine("roots.pem"));
        await using var badger = await LivedAsync("badgerv2");
        await using var bolt = await LivedAsync("bbolt");

        await using var provider = await ProviderStack.StartAsync(
            new Dictionary<string, string?>
            {
                ["IOT_NAMES"] = "127.0.0.1,provider.iot.example",
                ["IOT_PUBLIC_URL"] = "https://provider.iot.example/",
                ["IOT_ACME_NETWORKS"] = "127.0.0.1/32,::1/128",
                ["IOT_ACME_HTTP_PORT"] = httpPort.ToString(CultureInfo.InvariantCulture),
            },
            port: port);
        (await ImportAsync(provider, badger)).ShouldContain(("ACME accounts", "2 added, 0 were here, 0 newly deactivated"));
        (await ImportAsync(provider, bolt)).ShouldContain(("ACME accounts", "1 added, 0 were here, 0 newly deactivated"));
        (await ImportAsync(provider, badger)).ShouldContain(("ACME accounts", "0 added, 2 were here, 0 newly deactivated"));

        foreach (var client in new[] { "badgerv2", "bbolt" })
        {
            (await OrderAsync(client)).EnsureSuccess();
            (await OrdersOfAsync(client)).ShouldBe(1);
        }

        (await OrderAsync("ended")).ExitCode.ShouldNotBe(0, "its account was deactivated at step-ca");
        (await OrdersOfAsync("ended")).ShouldBe(0);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM acme.accounts")).ShouldBe(3);

        async Task<InstalledStepCa> LivedAsync(string database)
        {
            var old = await InstalledStepCa.CreateAsync(database, port: port);
            await old.AddProvisionerAsync(new JsonObject { ["type"] = "ACME", ["name"] = "acme" });
            await File.AppendAllTextAsync(roots, await File.ReadAllTextAsync(old.RootFile));
            await old.StartAsync();
            await RegisterAsync(database);
            if (database == "badgerv2")
            {
                await RegisterAsync("unregistered");
                (await Tools.RunAsync("cp", ["-a", folder.Combine("unregistered"), folder.Combine("ended")])).EnsureSuccess();
                (await CertbotAsync("unregistered", "unregister", "--server", $"https://localhost:{port}/acme/acme/directory")).EnsureSuccess();
            }

            await old.StopAsync();
            return old;
        }

        async Task RegisterAsync(string client) =>
            (await CertbotAsync(client, "register", "--agree-tos", "--no-eff-email", "-m", "ops@iot.example", "--server", $"https://localhost:{port}/acme/acme/directory")).EnsureSuccess();

        Task<ToolResult> OrderAsync(string client) => CertbotAsync(
            client, "certonly", "--standalone", "--server", $"https://localhost:{port}/acme/acme/directory", "-d", "localhost",
            "--http-01-port", httpPort.ToString(CultureInfo.InvariantCulture), "--http-01-address", "127.0.0.1");

        Task<ToolResult> CertbotAsync(string client, params string[] command) => Tools.RunAsync(
            certbot, [.. command, "--config-dir", folder.Combine(client), "--work-dir", folder.Combine("work"), "--logs-dir", folder.Combine("logs"), "--non-interactive"],
            environment: new Dictionary<string, string?> { ["REQUESTS_CA_BUNDLE"] = roots });

        async Task<long> OrdersOfAsync(string client)
        {
            var file = Directory.EnumerateFiles(folder.Combine(client), "regr.json", SearchOption.AllDirectories).Single();
            var account = JsonNode.Parse(await File.ReadAllTextAsync(file))!["uri"]!.ToString();
            return await provider.Database.ScalarAsync<long>("SELECT count(*) FROM acme.orders WHERE account_id = $1 AND status = 'valid'", account[(account.LastIndexOf('/') + 1)..]);
        }
    }

    /// <summary>Provisioners and admins of remote management are in step-ca's database: after the move the admin gets its certificate by the password that it had, and goes on to change provisioners.</summary>
    [SkippableTheory]
    [InlineData("badgerv2", true)]
    [InlineData("bbolt", false)]
    public async Task Import_OfRemoteManagement_ItsAdminChangesProvisionersHere(string database, bool issues)
    {
        await using var old = await InstalledStepCa.CreateAsync(database);
        await old.ManageRemotelyAsync();
        await old.StartAsync();
        await EnrollAdminAsync(old.Url, "there");
        using var pods = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var body in new[]
        {
            Provisioner("ACME", "web", new JsonObject { ["ACME"] = new JsonObject { ["forceCn"] = true } }),
            Provisioner("K8SSA", "pods", new JsonObject { ["K8sSA"] = new JsonObject { ["publicKeys"] = new JsonArray(Convert.ToBase64String(Encoding.ASCII.GetBytes(pods.ExportSubjectPublicKeyInfoPem()))) } }),
            Provisioner("SSHPOP", "hosts", new JsonObject { ["SSHPOP"] = new JsonObject() }),
        })
        {
            (await CallAsync(old.Url, "there", "/admin/provisioners", body)).ShouldBe(HttpStatusCode.Created);
        }

        (await CallAsync(old.Url, "there", "/admin/admins", new JsonObject { ["subject"] = "dora", ["provisioner"] = "Admin JWK", ["type"] = 1 })).ShouldBe(HttpStatusCode.Created);
        await old.StopAsync();

        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
        {
            ["IOT_NAMES"] = "127.0.0.1,provider.iot.example",
            ["IOT_PUBLIC_URL"] = "https://provider.iot.example/",
        });
        (await ImportAsync(provider, old, issues ? ["--issue"] : [])).ShouldBe(
            [
                ("Admin JWK", "added"), ("web", "added"), ("pods", "added"), ("hosts", "left out"), (old.Provisioner, "left out"), ("step", "left out"), ("dora", "left out"),
                ("Old Intermediate CA", "added"), ("certificates", "1 added, 0 were here, 0 newly revoked"),
            ],
            ignoreOrder: true);
        await EnrollAdminAsync(provider.Url, "early");
        (await CallAsync(provider.Url, "early", "/admin/admins")).ShouldBe(HttpStatusCode.Unauthorized, "it is no admin until --admins makes it one");

        (await ImportAsync(provider, old, "--admins", "--only-provisioners")).ShouldBe(
            [("Admin JWK", "was here"), ("web", "was here"), ("pods", "was here"), ("hosts", "left out"), (old.Provisioner, "left out"), ("step", "added"), ("dora", "added")], ignoreOrder: true);
        (await ImportAsync(provider, old, "--admins", "--only-provisioners")).Where(outcome => outcome.Item2 == "was here").Select(outcome => outcome.Item1).ShouldBe(["Admin JWK", "web", "pods", "step", "dora"], ignoreOrder: true);
        await EnrollAdminAsync(provider.Url, "here");
        (await CallAsync(provider.Url, "here", "/admin/provisioners", Provisioner("ACME", "more", new JsonObject { ["ACME"] = new JsonObject() }))).ShouldBe(HttpStatusCode.Created);
        (await CallAsync(provider.Url, "there", "/admin/admins")).ShouldBe(HttpStatusCode.Unauthorized, "a certificate of step-ca's makes nobody an admin");

        async Task EnrollAdminAsync(Uri server, string files) => (await old.StepAsync(
            "ca", "certificate", "--ca-url", $"https://localhost:{server.Port}", "--root", old.RootFile, "--issuer", "Admin JWK", "--provisioner-password-file", old.PasswordFile,
            "step", $"{files}.crt", $"{files}.key")).EnsureSuccess();

        async Task<HttpStatusCode> CallAsync(Uri server, string files, string path, JsonObject? body = null)
        {
            using var http = AnyServerHttp.Create(new Uri($"https://localhost:{server.Port}/"), [old.Root], client: null, TimeSpan.FromSeconds(30));
            return await AdministrationCall.SendAsync(http, old.PathOf($"{files}.crt"), old.PathOf($"{files}.key"), path, body);
        }

        static JsonObject Provisioner(string type, string name, JsonObject details) => new()
        {
            ["type"] = type,
            ["name"] = name,
            ["details"] = details,
            ["claims"] = new JsonObject { ["x509"] = new JsonObject { ["enabled"] = true, ["durations"] = new JsonObject { ["default"] = "2h" } } },
        };
    }

    private static async Task<IReadOnlyList<(string?, string?)>> ImportAsync(ProviderStack provider, InstalledStepCa old, params string[] more)
    {
        var result = await Tools.RunAsync(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [StackPrograms.Iot, "ca", "import", old.Configuration, "--key-password-file", old.PasswordFile, "--json", "--data", provider.Data, "--url", $"https://127.0.0.1:{provider.Url.Port}/", .. more],
            timeout: TimeSpan.FromMinutes(3));
        result.Output.ShouldStartWith("[", customMessage: result.Error);
        using var json = JsonDocument.Parse(result.Output);
        return [.. json.RootElement.EnumerateArray().Select(outcome => (outcome.GetProperty("name").GetString(), outcome.GetProperty("status").GetString()))];
    }
}
