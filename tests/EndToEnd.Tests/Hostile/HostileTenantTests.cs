using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Hostile;

/// <summary>A tenant that owns its Sub-CA key signs what it likes: the provider's mTLS endpoints refuse all of it, OpenSSL what the Sub-CA's constraints decide.</summary>
public sealed class HostileTenantTests(HostileTenantTests.JoinedTenant joined) : IClassFixture<HostileTenantTests.JoinedTenant>
{
    [SkippableFact]
    public async Task Platform_OwnBridgeCertificate_IsLetIn()
    {
        using var bridge = joined.BridgeCertificate();

        (await KnockAsync(bridge)).ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Platform_NoCertificate_IsRefused() => (await KnockAsync(null)).ShouldBe(HttpStatusCode.Unauthorized);

    [SkippableFact]
    public Task Sign_ProviderServiceName_IsRefusedByProviderAndOpenSsl() =>
        RefusedAsync("provider.iot.example", san => san.AddDnsName("provider.iot.example"), openSslDecides: true);

    [SkippableFact]
    public Task Sign_NameBelowProviderServiceName_IsRefusedByProviderAndOpenSsl() =>
        RefusedAsync("x", san => san.AddDnsName("api.provider.iot.example"), openSslDecides: true);

    [SkippableFact]
    public Task Sign_OtherTenantsSpiffeId_IsRefusedByProviderAndOpenSsl() =>
        RefusedAsync("sensor-1", san => san.AddUri(new Uri("spiffe://globex.iot.example/device/sensor-1")), openSslDecides: true);

    [SkippableFact]
    public Task Sign_PlatformsOwnTrustDomain_IsRefusedByProviderAndOpenSsl() =>
        RefusedAsync("provider", san => san.AddUri(new Uri("spiffe://iot.example/provider")), openSslDecides: true);

    public static TheoryData<string> ProviderNames { get; } =
        ["provider.iot.example", "edge.provider.example", "mqtt.broker.example", "amqp.broker.example", "192.0.2.7"];

    /// <summary>Every name of the provider, whichever setting it comes from, and the wildcard that would match it.</summary>
    [SkippableTheory]
    [MemberData(nameof(ProviderNames))]
    public async Task Sign_NameOfTheProvider_IsRefusedByOpenSslForThatHost(string name)
    {
        var isAddress = IPAddress.TryParse(name, out var address);
        using var forged = joined.SubCa.Sign("x", san =>
        {
            if (isAddress)
            {
                san.AddIpAddress(address!);
            }
            else
            {
                san.AddDnsName(name);
            }
        });
        (await joined.OpenSslVerifyAsync(forged, host: name)).ExitCode.ShouldNotBe(0);
        if (isAddress)
        {
            return;
        }

        using var wildcard = joined.SubCa.Sign("x", san => san.AddDnsName("*" + name[name.IndexOf('.', StringComparison.Ordinal)..]));
        (await joined.OpenSslVerifyAsync(wildcard, host: name)).ExitCode.ShouldNotBe(0);
    }

    [SkippableFact]
    public async Task Sign_OwnHost_IsAcceptedByOpenSslForThatHost()
    {
        using var own = joined.SubCa.Sign("x", san => san.AddDnsName("api.acme.example"));

        (await joined.OpenSslVerifyAsync(own, host: "api.acme.example")).EnsureSuccess();
    }

    // RFC 5280 section 6.1.4 (m): pathLenConstraint does not count the last certificate, so what shows is a leaf below the forged CA.
    [SkippableFact]
    public async Task Sign_CaCertificate_ItsLeavesAreRefusedByProviderAndOpenSsl()
    {
        using var ca = joined.SubCa.SignCa("acme sub sub ca");
        using var leaf = ca.Sign("sensor-1", san => san.AddUri(new Uri("spiffe://acme.iot.example/device/sensor-1")));

        (await joined.OpenSslVerifyAsync(leaf, ca.CertificatePem)).ExitCode.ShouldNotBe(0);
        (await KnockAsync(leaf, ca.CertificatePem)).ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Sign_HonestDevice_IsAcceptedByOpenSslAndRefusedByProvider()
    {
        using var device = joined.SubCa.Sign("sensor-1", san => { san.AddDnsName("sensor-1"); san.AddUri(new Uri("spiffe://acme.iot.example/device/sensor-1")); });

        (await joined.OpenSslVerifyAsync(device)).EnsureSuccess();
        (await KnockAsync(device)).ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    // Name constraints say nothing about a CN beside a permitted SAN: only the direct-issuer rule decides these.
    [SkippableFact]
    public Task Sign_OtherTenantsBridgeName_IsRefusedByProvider() =>
        RefusedAsync("globex-mqtt-bridge", san => san.AddUri(new Uri("spiffe://acme.iot.example/mqtt-bridge")), openSslDecides: false);

    [SkippableFact]
    public Task Sign_OwnBridgeName_IsRefusedByProvider() =>
        RefusedAsync("acme-mqtt-bridge", san => san.AddUri(new Uri("spiffe://acme.iot.example/mqtt-bridge")), openSslDecides: false);

    [SkippableFact]
    public Task Sign_OtherTenantsDeviceIdInOwnTrustDomain_IsRefusedByProvider() =>
        RefusedAsync("globex-sensor-1", san => { san.AddDnsName("globex-sensor-1"); san.AddUri(new Uri("spiffe://acme.iot.example/device/globex-sensor-1")); }, openSslDecides: false);

    private async Task RefusedAsync(string commonName, Action<SubjectAlternativeNameBuilder> names, bool openSslDecides)
    {
        using var forged = joined.SubCa.Sign(commonName, names);
        if (openSslDecides)
        {
            (await joined.OpenSslVerifyAsync(forged)).ExitCode.ShouldNotBe(0);
        }

        (await KnockAsync(forged)).ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    private async Task<HttpStatusCode> KnockAsync(X509Certificate2? certificate, string extraPem = "")
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(extraPem + "\n" + joined.SubCa.CertificatePem + "\n" + joined.ChainPem);
        using var http = PlatformHttp.Create(joined.Provider.Url, joined.Provider.Trust.Provider(), certificate, TimeSpan.FromSeconds(20), certificate is null ? null : chain);
        using var answer = await http.GetAsync("portal/admin/platform");
        return answer.StatusCode;
    }

    public sealed class JoinedTenant : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private TenantStack _tenant = null!;
        internal ProviderStack Provider { get; private set; } = null!;
        internal StolenSubCa SubCa { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Provider = await ProviderStack.StartAsync(new Dictionary<string, string?>
            {
                ["IOT_RABBITMQ_URL"] = "amqps://amqp.broker.example:5671",
                ["IOT_RABBITMQ_MQTT_URL"] = "mqtts://mqtt.broker.example:8883",
                ["IOT_RESERVED_NAMES"] = "edge.provider.example,192.0.2.7",
            });
            var prepared = await Provider.PrepareAsync("acme");
            _tenant = await TenantStack.LaunchAsync(Provider, "acme", prepared.JoinKey);
            await _tenant.ReadyAsync();
            SubCa = StolenSubCa.From(_tenant);
        }

        internal X509Certificate2 BridgeCertificate() => X509Certificate2.CreateFromPemFile(Bundle("mqtt-bridge.crt"), Bundle("mqtt-bridge.key"));

        internal string ChainPem => File.ReadAllText(Bundle("ca-chain.crt"));

        internal Task<ToolResult> OpenSslVerifyAsync(X509Certificate2 certificate, string extraPem = "", string? host = null)
        {
            File.WriteAllText(_folder.Combine("leaf.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(_folder.Combine("untrusted.pem"), extraPem + "\n" + SubCa.CertificatePem + "\n" + ChainPem);
            return Tools.RunAsync(Requires.Tool("openssl"), ["verify", "-x509_strict", .. host is null ? Array.Empty<string>() : [IPAddress.TryParse(host, out _) ? "-verify_ip" : "-verify_hostname", host], "-CAfile", Bundle("root_ca.crt"), "-untrusted", _folder.Combine("untrusted.pem"), _folder.Combine("leaf.pem")]);
        }

        public async Task DisposeAsync()
        {
            SubCa?.Dispose();
            if (_tenant is not null)
            {
                await _tenant.DisposeAsync();
            }

            if (Provider is not null)
            {
                await Provider.DisposeAsync();
            }

            _folder.Dispose();
        }

        private string Bundle(string name) => Directory.GetFiles(_tenant.Data, name, SearchOption.AllDirectories).OrderBy(path => path.Length).First();
    }
}
