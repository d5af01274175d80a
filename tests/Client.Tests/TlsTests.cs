using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using IoTPlatform.Client.Tests.Doubles;

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
    public async Task Call_ExpiredServerCertificate_IsUntrusted()
    {
        await using var server = await FaultyServer.StartAsync(authority => authority.Server(expired: true));
        await Refused(server, server.Trust);
    }

    /// <summary>RFC 5280 section 4.2.1.12: a device's clientAuth certificate is no server's. Kestrel would refuse to serve it, an attacker does not use Kestrel.</summary>
    [Fact]
    public async Task Call_CertificateWithoutServerAuth_IsUntrusted()
    {
        using var authority = new TestAuthority();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var requests = ServeAsync(listener, authority);
        using var client = ProviderClient.Create(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/"), RootTrust.FromCertificate(authority.Root));

        var e = await Should.ThrowAsync<UnreachableException>(() => client.LoginAsync("admin", "secret"));

        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        (await requests).ShouldBe(0);
    }

    [Fact]
    public async Task Call_OurOwnRootAndName_IsAnswered()
    {
        await using var server = await FaultyServer.StartAsync();
        using var client = ProviderClient.Create(server.Url, server.Trust);

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Status.ShouldBe(404);
    }

    [Fact]
    public void Create_PlainHttp_IsRefused()
    {
        using var authority = new TestAuthority();
        Should.Throw<ArgumentException>(() => ProviderClient.Create(new Uri("http://localhost:1/"), RootTrust.FromCertificate(authority.Root)));
    }

    private static async Task Refused(FaultyServer server, RootTrust trust)
    {
        using var client = ProviderClient.Create(server.Url, trust);
        var e = await Should.ThrowAsync<UnreachableException>(() => client.LoginAsync("admin", "secret"));
        e.Reason.ShouldBe(UnreachableReason.Untrusted);
        server.Seen.ShouldBeEmpty("the password must not reach a server that is not trusted");
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
                ServerCertificateContext = SslStreamCertificateContext.Create(authority.NotAServer(), [authority.Issuer], offline: true),
            });
            return await tls.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return 0;
        }
    }
}
