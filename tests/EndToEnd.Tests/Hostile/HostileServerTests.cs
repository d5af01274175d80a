using System.Security.Cryptography.X509Certificates;
using IoTPlatform.EndToEnd.Tests.Cli;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Hostile;

/// <summary>
/// Tenant evilb holds its Sub-CA key and has declared no domains: it may sign every host name. With a certificate for the very host that
/// was meant it gets no secret out of the real clients.
/// </summary>
public sealed class HostileServerTests(HostileServerTests.Platform platform) : IClassFixture<HostileServerTests.Platform>
{
    private const string EvilService = "spiffe://evilb.iot.example/service/tenant-iot-bridge-api";

    /// <summary>What makes the attack one: the chain ends in the platform's root, the name is right, and by that rule alone a client is let down.</summary>
    [SkippableFact]
    public async Task ByRootAndHostNameAlone_TheServerIsBelieved()
    {
        await using var evil = platform.Evil(EvilService);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(platform.Provider.Trust.Root);
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } });

        using var answer = await http.GetAsync(evil.Url);

        evil.Requests.ShouldNotBeEmpty();
    }

    [SkippableTheory]
    [InlineData(EvilService)]
    [InlineData("spiffe://acme.iot.example/service/tenant-iot-bridge-api")]
    public async Task Agent_OtherTenantsServer_NeverSeesTheToken(string spiffeId)
    {
        await using var evil = platform.Evil(spiffeId);
        File.WriteAllText(platform.File("token"), "the-one-time-token\n");

        var result = await IotCli.RunAsync(
            "device", "enroll", "pump-1", "--url", evil.Url.ToString(), "--root", platform.RootFile, "--trust-domain", "acme.iot.example",
            "--token-file", platform.File("token"), "--folder", platform.File("device-" + Guid.NewGuid()));

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain("not trusted");
        evil.Requests.ShouldBeEmpty();
    }

    private static Dictionary<string, string?> Program => new() { ["IOT_CLIENT_ID"] = "service-account-deployer", ["IOT_CLIENT_SECRET"] = "the-secret" };

    [SkippableFact]
    public async Task Operator_OtherTenantsServerInPlaceOfTheTenant_NeverSeesTheSecret()
    {
        await using var evil = platform.Evil(EvilService);

        var result = await IotCli.RunWithAsync(
            Program, "devices", "list", "--url", evil.Url.ToString(), "--root", platform.RootFile, "--trust-domain", "acme.iot.example");

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain("not trusted");
        evil.Requests.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData(EvilService)]
    [InlineData("spiffe://evilb.iot.example/service/iot-bridge-api")]
    public async Task Operator_TenantInPlaceOfTheProvider_NeverSeesTheSecret(string spiffeId)
    {
        await using var evil = platform.Evil(spiffeId);

        var result = await IotCli.RunWithAsync(
            Program, "tenants", "list", "--url", evil.Url.ToString(), "--root", platform.RootFile);

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain("not trusted");
        evil.Requests.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Tenant_OtherTenantInPlaceOfTheProvider_NeverSeesTheJoinKey()
    {
        await using var evil = platform.Evil("spiffe://evilb.iot.example/service/iot-bridge-api");
        var prepared = await platform.Provider.PrepareAsync("victim");
        await using var database = await PostgresServer.CreateEmptyDatabaseAsync();
        await using var victim = new TenantStack(
            platform.Provider, database, "victim", prepared.JoinKey, new Dictionary<string, string?> { ["PROVIDER_URL"] = evil.Url.ToString() });
        victim.Launch();

        (await victim.Process.WaitForExitAsync(TimeSpan.FromSeconds(90))).ShouldBe(1, victim.Process.Output);

        victim.Process.Output.ShouldContain("not trusted");
        evil.Requests.ShouldNotContain(request => request.Contains(prepared.JoinKey, StringComparison.OrdinalIgnoreCase) || request.StartsWith("POST", StringComparison.Ordinal));
    }

    /// <summary>RFC 5280 5 and 6.3 as OpenSSL reads them; then the agent refuses what the list names.</summary>
    [SkippableFact]
    public async Task Agent_StolenSubCaThatTheProviderRevoked_NeverSeesTheToken()
    {
        await using var acme = await platform.JoinAsync("stolen");
        using var stolen = StolenSubCa.From(acme);
        using var admin = await platform.Provider.AdminAsync();
        using var certificate = X509Certificate2.CreateFromPem(stolen.CertificatePem);
        await admin.RevokeCertificateAsync(SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span), new() { ReasonCode = 1, TenantId = "stolen" });
        var list = await platform.WaitForListAsync(certificate);
        await File.WriteAllBytesAsync(platform.File("list.crl"), list.Der.ToArray());
        await File.WriteAllTextAsync(platform.File("chain.pem"), Pem.Certificates([.. Pem.ParseCertificates(platform.ChainPemOf(acme))[1..]]));
        (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", platform.File("list.crl"), "-CAfile", platform.File("chain.pem"), "-noout", "-text"]))
            .Error.ShouldContain("verify OK");
        await using var server = platform.Server(stolen, "spiffe://stolen.iot.example/service/tenant-iot-bridge-api", platform.ChainPemOf(acme), list.Der.ToArray());
        File.WriteAllText(platform.File("token"), "the-one-time-token\n");

        var result = await IotCli.RunAsync(
            "device", "enroll", "pump-1", "--url", server.Url.ToString(), "--root", platform.RootFile, "--trust-domain", "stolen.iot.example",
            "--token-file", platform.File("token"), "--folder", platform.File("device-" + Guid.NewGuid()));

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldContain("has revoked its Sub-CA");
        server.Requests.ShouldAllBe(request => request.StartsWith("GET /crl/", StringComparison.Ordinal));
    }

    public sealed class Platform : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private TenantStack _evilb = null!;
        private StolenSubCa _subCa = null!;

        internal ProviderStack Provider { get; private set; } = null!;

        internal string RootFile => _folder.Combine("root.pem");

        public async Task InitializeAsync()
        {
            Provider = await ProviderStack.StartAsync();
            _evilb = await JoinAsync("evilb");
            _subCa = StolenSubCa.From(_evilb);
            await System.IO.File.WriteAllTextAsync(RootFile, Pem.Certificate(Provider.Trust.Root.RawData));
        }

        internal string File(string name) => _folder.Combine(name);

        internal async Task<TenantStack> JoinAsync(string tenantId)
        {
            var prepared = await Provider.PrepareAsync(tenantId);
            var tenant = await TenantStack.LaunchAsync(Provider, tenantId, prepared.JoinKey);
            await tenant.ReadyAsync();
            return tenant;
        }

        /// <summary>evilb's server for the shared host name.</summary>
        internal HostileServer Evil(string spiffeId) => Server(_subCa, spiffeId, ChainPemOf(_evilb), list: null);

        internal HostileServer Server(StolenSubCa signer, string spiffeId, string chainPem, byte[]? list)
        {
            var certificate = signer.Sign("localhost", san =>
            {
                san.AddDnsName("localhost");
                san.AddIpAddress(System.Net.IPAddress.Loopback);
                san.AddUri(new Uri(spiffeId));
            });
            // The root's fingerprint is public: an attacker answers it as the provider does.
            var root = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { ca = Pem.Certificate(Provider.Trust.Root.RawData) });
            return new HostileServer(
                certificate, [.. Pem.ParseCertificates(chainPem)], line => line.StartsWith("GET /root/", StringComparison.Ordinal) ? root : line.StartsWith("GET /crl/", StringComparison.Ordinal) ? list : null);
        }

        /// <summary>Sub-CA, Intermediate CA, root.</summary>
        internal string ChainPemOf(TenantStack tenant) => System.IO.File.ReadAllText(Path.Combine(tenant.Data, "join-bundle", "ca-chain.crt"));

        /// <summary>The provider looks again every few seconds.</summary>
        internal async Task<RevokedSubCas> WaitForListAsync(X509Certificate2 revoked)
        {
            using var client = Client.ProviderClient.Create(Provider.Url, Provider.Trust.Provider());
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (true)
            {
                var list = await client.GetRevokedSubCasAsync(patience.Token);
                if (list.Contains(ParsedCertificate.Parse(revoked.RawData)))
                {
                    return list;
                }

                await Task.Delay(200, patience.Token);
            }
        }

        public async Task DisposeAsync()
        {
            _subCa?.Dispose();
            if (_evilb is not null)
            {
                await _evilb.DisposeAsync();
            }

            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }

            _folder.Dispose();
        }
    }
}
