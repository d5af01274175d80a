using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Tests.Verification;

/// <summary>A TLS client that takes no chain policy, as RabbitMQ.Client: SslStream builds a chain of its own before the verifier is asked.</summary>
public sealed class ServerTrustTests : IDisposable
{
    private const string Host = "broker.example";
    private readonly TcpListener _named = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _other;
    private readonly X509Certificate2 _intermediate;
    private readonly X509Certificate2 _leaf;

    public ServerTrustTests()
    {
        _named.Start();
        _root = Issue("Root", by: null);
        _other = Issue("Other", by: null);
        _intermediate = Issue("Intermediate", _root);
        _leaf = Issue(Host, _intermediate);
    }

    public void Dispose()
    {
        _named.Dispose();
        foreach (var certificate in (X509Certificate2[])[_root, _other, _intermediate, _leaf])
        {
            certificate.Dispose();
        }
    }

    [Fact]
    public async Task Handshake_GoodServer_SendsTheIntermediateAndDownloadsNothing()
    {
        (await HandshakeAsync(Verifier(_root), Host)).ShouldBe(1);

        _named.Pending().ShouldBeFalse("the issuers that the certificates name were asked for");
    }

    [Fact]
    public async Task Handshake_OtherRoot_IsRefused() => await Should.ThrowAsync<UntrustedServerException>(() => HandshakeAsync(Verifier(_other), Host));

    [Fact]
    public async Task Handshake_OtherName_IsRefused() =>
        (await Should.ThrowAsync<UntrustedServerException>(() => HandshakeAsync(Verifier(_root), "other.example"))).Message.ShouldContain("it is not for other.example");

    private ServerVerifier Verifier(X509Certificate2 root) => ServerVerifier.ForCompanion([root], platformRoot: _other, ServerIdentity.Provider());

    /// <summary>How many certificates the client sent beside its own.</summary>
    private async Task<int> HandshakeAsync(ServerVerifier verifier, string host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sent = ServeAsync(listener);
        using var socket = new TcpClient();
        await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using var client = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, verifier.CallbackFor(host));
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = SslStreamCertificateContext.Create(_leaf, [_intermediate], offline: true, verifier.Trust()),
        });
        await client.WriteAsync(new byte[1]);
        return await sent;
    }

    private async Task<int> ServeAsync(TcpListener listener)
    {
        var sent = 0;
        using var socket = await listener.AcceptTcpClientAsync();
        await using var server = new SslStream(socket.GetStream());
        await server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(_leaf, [_intermediate], offline: true),
            ClientCertificateRequired = true,
            CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
            RemoteCertificateValidationCallback = (_, _, chain, _) => (sent = chain!.ChainPolicy.ExtraStore.Count) >= 0,
        });
        await server.ReadExactlyAsync(new byte[1]);
        return sent;
    }

    private X509Certificate2 Issue(string name, X509Certificate2? by)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        if (name == Host)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        }
        else
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        }

        if (by is null)
        {
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(3));
        }

        var issuers = new Uri($"http://{(IPEndPoint)_named.LocalEndpoint}/{name}");
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, [issuers.AbsoluteUri]));
        using var bare = request.Create(by, now.AddHours(-1), now.AddDays(name == Host ? 1 : 2), RandomNumberGenerator.GetBytes(8));
        using var whole = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), password: null);
    }
}
