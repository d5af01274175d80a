using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Uplink;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Bridge;

/// <summary>A thief has the key of an Intermediate CA that the provider has replaced, and answers in the provider's place.</summary>
public sealed class RevokedIntermediatesTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.StartAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    /// <summary>What makes the attack one.</summary>
    [SkippableFact]
    public async Task Call_RootsListNeverSeen_TheThiefIsBelieved()
    {
        using var former = _tenant.Provider.Authority.SignIntermediate("Former");
        await HijackAsync(former);

        (await _tenant.Service<ProviderLink>().CallAsync(client => client.GetRevokedSubCasAsync())).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Call_RootsListSeen_TheThiefIsNotBelieved_AlsoAfterARestartAndWithAnOlderList()
    {
        using var former = await LearnAsync();
        _tenant.Provider.RootList = _tenant.Provider.Authority.RootList(1);
        await _tenant.Service<RevokedIntermediatesRefresh>().RunAsync(CancellationToken.None);
        _tenant.Provider.RootList = null;
        await _tenant.Service<RevokedIntermediatesRefresh>().RunAsync(CancellationToken.None);
        await HijackAsync(former);

        await RefusedAsync();
        await _tenant.BootAsync();
        await RefusedAsync();

        async Task RefusedAsync() => (await Should.ThrowAsync<StartupException>(
            () => _tenant.Service<ProviderLink>().CallAsync(client => client.GetRevokedSubCasAsync()))).Message.ShouldContain("revoked the Intermediate CA");
    }

    /// <summary>The provider's broker.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uplink_TheThiefIsBelievedUntilTheRootsListIsSeen(bool seen)
    {
        using var former = seen ? await LearnAsync() : _tenant.Provider.Authority.SignIntermediate("Former");
        using var certificate = _tenant.Provider.ServiceOf(former);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var thief = ShakeHandsAsync(listener, SslStreamCertificateContext.Create(certificate, [former.Certificate], offline: true));
        var uplink = _tenant.Service<UplinkConnector>();
        var target = uplink.Target()! with { Url = new Uri($"mqtts://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}") };

        var e = await Should.ThrowAsync<Exception>(() => uplink.ConnectAsync(target, CancellationToken.None));

        e.ToString().Contains("revoked the Intermediate CA", StringComparison.Ordinal).ShouldBe(seen, e.ToString());
        (await thief).ShouldBe(seen ? 0 : 1, "what it read");
    }

    [SkippableFact]
    public async Task Bundle_UnderTheRevokedIntermediate_IsRefused()
    {
        var bundle = _tenant.Service<JoinFiles>().ReadBundle()!;
        var (root, now) = (_tenant.Provider.Authority.Root, TimeProvider.System.GetUtcNow());
        BundleVerifier.Problem(bundle, SpkiOf(bundle.SignedCert), SpkiOf(bundle.MqttBridgeCert), root, null, now).ShouldBeNull();
        var revoked = RevokedIntermediates.Parse(_tenant.Provider.Authority.RootList(2, _tenant.Provider.Authority.Intermediate), root);

        BundleVerifier.Problem(bundle, SpkiOf(bundle.SignedCert), SpkiOf(bundle.MqttBridgeCert), root, revoked, now)!.ShouldContain("revoked its Intermediate CA");
    }

    /// <summary>Devices and verifiers fetch it here.</summary>
    [SkippableFact]
    public async Task Relay_TheNewestSeen_SignedByTheRoot()
    {
        using var client = _tenant.Client();
        (await client.FindRevokedIntermediatesAsync(_tenant.Provider.Authority.Root)).ShouldBeNull();

        using var former = await LearnAsync();

        var list = (await client.FindRevokedIntermediatesAsync(_tenant.Provider.Authority.Root))!;
        (list.Number, list.Contains(former.Certificate)).ShouldBe((2, true));
    }

    /// <summary>Its devices would refuse it from then on, and never hear of the Sub-CA that it gets under the next one.</summary>
    [SkippableFact]
    public async Task Relay_ListThatNamesItsOwnIntermediate_IsNotHandedOut()
    {
        _tenant.Provider.RootList = _tenant.Provider.Authority.RootList(2, _tenant.Provider.Authority.Intermediate);
        (await _tenant.Service<RevokedIntermediatesRefresh>().RunAsync(CancellationToken.None)).ShouldBeTrue();

        using var client = _tenant.Client();
        (await client.FindRevokedIntermediatesAsync(_tenant.Provider.Authority.Root)).ShouldBeNull();
        _tenant.Service<ProviderLink>().RevokedIntermediates()!.Number.ShouldBe(2, "the tenant itself goes by it");
    }

    /// <summary>The tenant has seen the list that says what became of the former one.</summary>
    private async Task<CaSigner> LearnAsync()
    {
        var former = _tenant.Provider.Authority.SignIntermediate("Former");
        _tenant.Provider.RootList = _tenant.Provider.Authority.RootList(2, former);
        (await _tenant.Service<RevokedIntermediatesRefresh>().RunAsync(CancellationToken.None)).ShouldBeTrue();
        return former;
    }

    private async Task HijackAsync(CaSigner thiefs)
    {
        await _tenant.Provider.GoAwayAsync();
        _tenant.Provider.ServeUnder(thiefs);
        await _tenant.Provider.ListenAsync();
    }

    /// <summary>How many bytes of the client it reads, one at most.</summary>
    private static async Task<int> ShakeHandsAsync(TcpListener listener, SslStreamCertificateContext certificate)
    {
        using var socket = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(socket.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = certificate, ApplicationProtocols = [MqttTls.Alpn] });
            return await tls.ReadAsync(new byte[1]);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return 0;
        }
    }

    private static byte[] SpkiOf(string pem)
    {
        using var certificate = Pem.ParseCertificate(pem);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }
}
