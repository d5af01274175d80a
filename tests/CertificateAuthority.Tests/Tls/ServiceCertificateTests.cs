using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class ServiceCertificateTests
{
    [SkippableFact]
    public async Task Handshake_OfTheHost_SendsTheChainAndNamesTheHost()
    {
        await using var ca = await CaHost.StartAsync();
        using var presented = await HandshakeAsync(ca);

        presented.Leaf.GetNameInfo(X509NameType.SimpleName, false).ShouldBe("iot-bridge-api");
        var names = SubjectNames.FromCertificate(presented.Leaf);
        names.Dns.ShouldBe(["localhost"]);
        names.Ip.Select(i => i.ToString()).ShouldBe(["127.0.0.1", "::1"]);
        names.Uris.ShouldBe(["spiffe://iot.example/service/iot-bridge-api"]);
        presented.Chain.ShouldContain(ca.Authority.Issuers.Active.Certificate.Thumbprint);
        (await ca.Database.ScalarAsync<string>("SELECT profile FROM ca.certificates WHERE serial = $1", presented.Leaf.SerialNumberBytes.ToArray())).ShouldBe("service");
        File.GetUnixFileMode(ca.Folder.Combine("secrets", "service.pem")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [SkippableTheory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Handshake_Tls12And13_Work(SslProtocols protocol)
    {
        await using var ca = await CaHost.StartAsync();

        using var presented = await HandshakeAsync(ca, protocol);

        presented.Protocol.ShouldBe(protocol);
    }

    [SkippableFact]
    public async Task Renew_WhileServing_NewConnectionsGetTheNewOneAndOldOnesGoOn()
    {
        await using var ca = await CaHost.StartAsync();
        using var client = ca.Client();
        (await client.ReadAsync("/health")).Status.ShouldBe(System.Net.HttpStatusCode.OK);
        using var before = await HandshakeAsync(ca);

        await ca.Module.ServiceCertificate.RenewAsync(CancellationToken.None);

        using var after = await HandshakeAsync(ca);
        after.Leaf.SerialNumber.ShouldNotBe(before.Leaf.SerialNumber);
        (await client.ReadAsync("/health")).Status.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task RenewInTime_TwoThirdsOfItsLife_IsReplaced()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        await using var ca = await CaHost.StartAsync(time: time);
        var first = ca.Module.ServiceCertificate.Current;

        time.Advance(TimeSpan.FromDays(243));
        await UntilAsync(time, () => !ReferenceEquals(ca.Module.ServiceCertificate.Current, first));

        ca.Module.ServiceCertificate.Current.NotAfter.ShouldBeGreaterThan(first.NotAfter);
    }

    [SkippableFact]
    public async Task RenewInTime_DatabaseAway_KeepsTheOldOneAndTriesAgain()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        await using var ca = await CaHost.StartAsync(time: time);
        var first = ca.Module.ServiceCertificate.Current;
        await ca.Database.ExecuteAsSuperuserAsync("ALTER FUNCTION ca.record RENAME TO away");

        time.Advance(TimeSpan.FromDays(250));
        await UntilAsync(time, () => ca.Logs.Text.Contains("could not be renewed", StringComparison.Ordinal));
        ReferenceEquals(ca.Module.ServiceCertificate.Current, first).ShouldBeTrue();

        await ca.Database.ExecuteAsSuperuserAsync("ALTER FUNCTION ca.away RENAME TO record");
        await UntilAsync(time, () => !ReferenceEquals(ca.Module.ServiceCertificate.Current, first));
    }

    [SkippableFact]
    public async Task Start_StoredCertificate_IsUsedAgain()
    {
        await using var ca = await CaHost.StartAsync();
        var first = ca.Module.ServiceCertificate.Current.SerialNumber;

        await using var again = await ServiceCertificate.StartAsync(ca.Authority, ca.Folder, NullLogger.Instance, CancellationToken.None);

        again.Current.SerialNumber.ShouldBe(first);
        again.Current.HasPrivateKey.ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    public async Task Start_BrokenFile_MakesANewOne(string content)
    {
        await using var ca = await CaHost.StartAsync();
        var first = ca.Module.ServiceCertificate.Current.SerialNumber;
        await File.WriteAllTextAsync(ca.Folder.Combine("secrets", "service.pem"), content);

        await using var again = await ServiceCertificate.StartAsync(ca.Authority, ca.Folder, NullLogger.Instance, CancellationToken.None);

        again.Current.SerialNumber.ShouldNotBe(first);
    }

    [SkippableFact]
    public async Task Start_NamesOutsideTheSubCasConstraints_SaysToCheckTheNames()
    {
        await using var provider = await CaHost.StartAsync();
        await using var tenant = await SubCaHost.StartAsync(provider);
        var authority = new Authority(tenant.Authority.Issuers, tenant.Authority.Store, null!, CaHost.DefaultOptions with { Tenant = "acme", Names = ["provider.example"] }, TimeProvider.System);

        var refused = await Should.ThrowAsync<StartupException>(ServiceCertificate.StartAsync(authority, tenant.Folder, NullLogger.Instance, CancellationToken.None));

        refused.Message.ShouldContain("IOT_NAMES");
    }

    [SkippableFact]
    public async Task UseIssuers_Rotation_ReplacesTheCertificateAtOnce()
    {
        await using var provider = await CaHost.StartAsync();
        await using var tenant = await SubCaHost.StartAsync(provider);
        var first = tenant.Module.ServiceCertificate.Current;
        var subCa = new SubCa(tenant.Folder, tenant.Passwords, TimeProvider.System);
        using var next = subCa.EnsureNextKey();
        var renewed = await SubCaHost.SignAsync(provider, next.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
        subCa.Install(renewed.Pem, renewed.ChainPem, provider.RootFingerprint);

        tenant.Authority.UseIssuers(subCa.Load());

        while (ReferenceEquals(tenant.Module.ServiceCertificate.Current, first))
        {
            await Task.Yield();
        }

        ParsedCertificate.Parse(tenant.Module.ServiceCertificate.Current.RawDataMemory).AuthorityKeyIdentifier!.Value.ToArray()
            .ShouldBe(ParsedCertificate.Parse(renewed.Der).SubjectKeyIdentifier!.Value.ToArray());
    }

    /// <summary>As after the Intermediate CA was replaced, where the process ended right after the switch, or could issue nothing at that moment.</summary>
    [SkippableFact]
    public async Task UseIssuers_SubCaSignedAgainForTheSameKey_SendsTheChainOfNow()
    {
        await using var provider = await CaHost.StartAsync();
        await using var tenant = await SubCaHost.StartAsync(provider);
        var first = tenant.Module.ServiceCertificate.Current;
        var subCa = new SubCa(tenant.Folder, tenant.Passwords, TimeProvider.System);
        using var key = subCa.EnsureKey();
        var again = await SubCaHost.SignAsync(provider, key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
        subCa.Install(again.Pem, again.ChainPem, provider.RootFingerprint);

        tenant.Authority.UseIssuers(subCa.Load());

        while (ReferenceEquals(tenant.Module.ServiceCertificate.Current, first))
        {
            await Task.Yield();
        }

        using var presented = await HandshakeAsync(tenant);
        presented.Chain.ShouldContain(tenant.Authority.Chain.Issuer.Thumbprint);
    }

    [SkippableFact]
    public async Task Handshake_ClientCertificateWithADownloadUrl_DownloadsNothing()
    {
        await using var ca = await CaHost.StartAsync();
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        using var certificate = WithUrls($"http://127.0.0.1:{port}/");
        using var client = ca.Client(certificate);

        var reply = await client.SendAsync("/renew", "");

        reply.ShouldBeRefused(401, StepCaCalls.Unauthorized);
        listener.Pending().ShouldBeFalse();
    }

    private static X509Certificate2 WithUrls(string url)
    {
        using var key = StepCaCalls.NewKey();
        using var issuerKey = StepCaCalls.NewKey();
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest("CN=curious", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([url + "ocsp"], [url + "issuer.cer"]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url + "crl"]));
        using var certificate = request.Create(new X500DistinguishedName("CN=elsewhere"), X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddHours(-1), now.AddHours(1), [1]);
        return certificate.CopyWithPrivateKey(key);
    }

    private static async Task UntilAsync(FakeTime time, Func<bool> done)
    {
        while (!done())
        {
            // Wakes the loop whenever it has gone to sleep in the meantime.
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }
    }

    private static async Task<Presented> HandshakeAsync(CaHost ca, SslProtocols protocol = SslProtocols.None)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(ca.Url.Host, ca.Url.Port);
        string[] chain = [];
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, built, _) =>
        {
            chain = [.. built!.ChainPolicy.ExtraStore.Select(c => c.Thumbprint)];
            return true;
        });
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = protocol });
        return new Presented(X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData()), chain, tls.SslProtocol);
    }

    private sealed record Presented(X509Certificate2 Leaf, string[] Chain, SslProtocols Protocol) : IDisposable
    {
        public void Dispose() => Leaf.Dispose();
    }
}
