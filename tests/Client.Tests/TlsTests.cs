using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Pki;

namespace IoTPlatform.Client.Tests;

/// <summary>Whom a client talks to.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task Call_ServerOfAnotherRoot_IsUntrusted()
    {
        await using var server = await FaultyServer.StartAsync();
        using var ours = new TestAuthority("Ours");
        await Refused(server, RootTrust.FromCertificate(ours.Root));
    }

    [Fact]
    public async Task Call_WrongHostName_IsUntrusted()
    {
        await using var server = await FaultyServer.StartAsync(authority => authority.Server("provider.example"));
        await Refused(server, server.Trust);
    }

    [Fact]
    public async Task Call_ExpiredServerCertificate_IsAMatterOfClocks()
    {
        await using var server = await FaultyServer.StartAsync(authority => authority.Server(expired: true));
        var e = await Refused(server, server.Trust.Provider(), UnreachableReason.ClocksDiffer);
        e.Validity!.NotAfter.ShouldBeLessThan(TimeProvider.System.GetUtcNow());
        e.IsTransient.ShouldBeTrue();
    }

    /// <summary>RFC 9525 6.3: .NET alone takes the CN where there is no alternative name of that kind.</summary>
    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    public async Task Call_HostInTheCommonNameAlone_IsUntrusted(string commonName, string host)
    {
        await using var server = await FaultyServer.StartAsync(authority => authority.Server(commonName, cnOnly: true));
        await Refused(server, server.Trust.Provider(), url: new UriBuilder(server.Url) { Host = host }.Uri);
    }

    /// <summary>A tenant may sign any host name, the provider's too, unless its name constraints say otherwise.</summary>
    [Fact]
    public async Task Call_TenantThatPosesAsTheProvider_IsUntrusted()
    {
        await using var evil = await FaultyServer.StartAsync(a => a.Server(spiffeId: "spiffe://evilb.iot.example/service/iot-bridge-api"), new TestAuthority(tenant: "evilb"));
        await Refused(evil, evil.Trust.Provider());
        await Refused(evil, evil.Trust.Provider("iot.example"));
    }

    [Theory]
    [InlineData("evilb", "spiffe://evilb.iot.example/service/tenant-iot-bridge-api")]
    [InlineData("evilb", "spiffe://acme.iot.example/service/tenant-iot-bridge-api")]
    [InlineData("acme", "spiffe://acme.iot.example/device/pump-1")]
    [InlineData("acme", "spiffe://acme.iot.example/service/rabbitmq")]
    public async Task Call_TenantOrServiceOtherThanMeant_IsUntrusted(string issuer, string spiffeId)
    {
        await using var evil = await FaultyServer.StartAsync(a => a.Server(spiffeId: spiffeId), new TestAuthority(tenant: issuer));
        await Refused(evil, evil.Trust.Tenant("acme.iot.example"));
    }

    /// <summary>A root that is not the platform's own has other CAs, which may sign the same names.</summary>
    [Theory]
    [InlineData(null, 0)]
    [InlineData(null, 2)]
    [InlineData("acme", 2)]
    public async Task Call_ServerBelowAnotherCaOfTheRoot_IsUntrusted(string? tenant, int pathLength)
    {
        using var platform = new TestAuthority(tenant: tenant);
        await using var server = await FaultyServer.StartAsync(authority: platform.WithAnotherIntermediate(pathLength));

        (await Refused(server, tenant is null ? server.Trust.Provider() : server.Trust.Tenant("acme.iot.example"))).Message.ShouldContain("it is not signed by");
    }

    [Fact]
    public async Task Call_ProviderWhereATenantIsMeant_IsUntrusted()
    {
        await using var server = await FaultyServer.StartAsync();
        await Refused(server, server.Trust.Tenant("acme.iot.example"));
    }

    [Fact]
    public async Task Call_RevokedSubCa_IsUntrusted()
    {
        await using var server = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme"));
        var now = TimeProvider.System.GetUtcNow();
        var list = RevokedSubCas.Parse(TestRevocationList.Create(server.Authority.Intermediate, 7, now, now.AddDays(1), server.Authority.Issuer));

        (await Refused(server, server.Trust.Tenant("acme.iot.example").With(list, required: false))).Message.ShouldContain("revoked");
    }

    /// <summary>A replaced Intermediate CA's key makes the certificate of any server, until that one's end: so it is the root's list that decides.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("acme")]
    public async Task Call_RevokedIntermediate_IsUntrusted(string? tenant)
    {
        await using var server = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: tenant));
        var now = TimeProvider.System.GetUtcNow();
        var subCas = RevokedSubCas.Parse(TestRevocationList.Create(server.Authority.Intermediate, 7, now, now.AddDays(1)));
        var known = RevokedIntermediates.Parse(server.Authority.RootList(7, server.Authority.Intermediate), server.Authority.Root);
        var believed = tenant is null ? server.Trust.Provider() : server.Trust.Tenant("acme.iot.example");
        var verifier = believed.With(() => known);

        (await Refused(server, verifier)).Message.ShouldContain("revoked the Intermediate CA");
        (await Refused(server, verifier.With(subCas, required: true))).Message.ShouldContain("revoked the Intermediate CA");
        (await Refused(server, believed.With(subCas, required: true).With(() => known))).Message.ShouldContain("revoked the Intermediate CA");

        known = null;
        using var client = ProviderClient.Create(server.Url, verifier);
        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Status.ShouldBe(404, "without the list it is believed: what makes the attack one");
    }

    [Fact]
    public async Task Call_OtherIntermediateRevoked_IsTrusted()
    {
        await using var server = await FaultyServer.StartAsync();
        using var former = server.Authority.WithAnotherIntermediate();
        var known = RevokedIntermediates.Parse(server.Authority.RootList(7, former.Intermediate), server.Authority.Root);

        using var client = ProviderClient.Create(server.Url, server.Trust.Provider().With(() => known));

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task FindRevokedIntermediates_ListOfAnotherRootOrNone_IsNotTaken()
    {
        await using var server = await FaultyServer.StartAsync();
        using var foreign = new TestAuthority();
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());
        (await client.FindRevokedIntermediatesAsync(server.Authority.Root)).ShouldBeNull();
        server.Answer = (context, _) => context.Response.Body.WriteAsync(foreign.RootList(9)).AsTask();
        (await Should.ThrowAsync<UnreachableException>(() => client.FindRevokedIntermediatesAsync(server.Authority.Root))).Reason.ShouldBe(UnreachableReason.NotThisApi);
        server.Answer = (context, _) => context.Response.Body.WriteAsync(server.Authority.RootList(9)).AsTask();

        (await client.FindRevokedIntermediatesAsync(server.Authority.Root))!.Number.ShouldBe(9);
        server.Seen.ShouldAllBe(request => request.Path == server.Authority.RootListPath);
    }

    [Fact]
    public async Task Call_ListOfAnotherIssuer_DecidesNothing_UnlessOneIsRequired()
    {
        await using var server = await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme"));
        using var foreign = new TestAuthority(tenant: "acme");
        var now = TimeProvider.System.GetUtcNow();
        var list = RevokedSubCas.Parse(TestRevocationList.Create(foreign.Intermediate, 7, now, now.AddDays(1), server.Authority.Issuer));
        var tenant = server.Trust.Tenant("acme.iot.example");

        await Refused(server, tenant.With(list, required: true));
        using var client = TenantClient.Create(server.Url, tenant.With(list, required: false));
        (await Should.ThrowAsync<ApiException>(() => client.GetDeviceAsync("pump-1"))).Status.ShouldBe(404);
    }

    /// <summary>Whatever breaks a handshake before a certificate was judged may be gone the next time.</summary>
    [Theory]
    [InlineData("reset")]
    [InlineData("close")]
    [InlineData("alert")]
    [InlineData("plain http 503")]
    public async Task Call_HandshakeBreaks_IsTransient(string fault)
    {
        using var authority = new TestAuthority();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var broken = BreakAsync(listener, fault);
        using var client = ProviderClient.Create(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/"), RootTrust.FromCertificate(authority.Root).Provider());

        var e = await Should.ThrowAsync<UnreachableException>(() => client.RemoveTenantAsync("acme"));

        e.Reason.ShouldBe(UnreachableReason.Connection);
        e.IsTransient.ShouldBeTrue();
        await broken;
    }

    private static async Task BreakAsync(TcpListener listener, string fault)
    {
        using var connection = await listener.AcceptSocketAsync();
        await connection.ReceiveAsync(new byte[1024]);
        var answer = fault switch
        {
            "alert" => [21, 3, 3, 0, 2, 2, 80],
            "plain http 503" => "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"u8.ToArray(),
            _ => Array.Empty<byte>(),
        };
        await connection.SendAsync(answer);
        connection.LingerState = new LingerOption(fault == "reset", 0);
    }

    /// <summary>RFC 5280 section 4.2.1.12: a device's clientAuth certificate is no server's. Kestrel would refuse to serve it, an attacker does not use Kestrel.</summary>
    [Fact]
    public async Task Call_CertificateWithoutServerAuth_IsUntrusted()
    {
        using var authority = new TestAuthority();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var requests = ServeAsync(listener, authority);
        using var client = ProviderClient.Create(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/"), RootTrust.FromCertificate(authority.Root).Provider());

        var e = await Should.ThrowAsync<UnreachableException>(() => client.RemoveTenantAsync("acme"));

        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        (await requests).ShouldBe(0);
    }

    [Fact]
    public async Task Call_OurOwnRootAndName_IsAnswered()
    {
        await using var server = await FaultyServer.StartAsync();
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Status.ShouldBe(404);
    }

    [Fact]
    public void Create_PlainHttp_IsRefused()
    {
        using var authority = new TestAuthority();
        Should.Throw<ArgumentException>(() => ProviderClient.Create(new Uri("http://localhost:1/"), RootTrust.FromCertificate(authority.Root).Provider()));
    }

    private static Task<UnreachableException> Refused(FaultyServer server, RootTrust trust) => Refused(server, trust.Provider());

    private static async Task<UnreachableException> Refused(
        FaultyServer server, ServerVerifier meant, UnreachableReason reason = UnreachableReason.Untrusted, Uri? url = null)
    {
        using var client = ProviderClient.Create(url ?? server.Url, meant);
        client.UseToken("secret");
        var e = await Should.ThrowAsync<UnreachableException>(() => client.RemoveTenantAsync("acme"));
        e.Reason.ShouldBe(reason);
        server.Seen.ShouldBeEmpty("no token must reach a server that is not trusted");
        return e;
    }

    // Answers how many bytes of a request came after the handshake.
    private static async Task<int> ServeAsync(TcpListener listener, TestAuthority authority)
    {
        using var connection = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(authority.NotAServer(), authority.Issuers, offline: true),
            });
            return await tls.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return 0;
        }
    }
}
