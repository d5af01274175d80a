using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>
/// Stands where the clouds are, whose addresses real programs have built in: a proxy, by <see cref="Environment"/>, that leads them here. Metadata comes over plain HTTP, and keys over TLS under
/// a certificate that those programs are told to trust.
/// </summary>
internal sealed class CloudNetwork : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _tunnels = new(IPAddress.Loopback, 0);
    private readonly int _tlsPort = FreePort.Next();
    private readonly int _httpPort = FreePort.Next();
    private WebApplication _app = null!;
    private Task _accepting = Task.CompletedTask;

    private CloudNetwork()
    {
    }

    /// <summary>For the programs.</summary>
    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["HTTP_PROXY"] = $"http://127.0.0.1:{_httpPort}",
        ["HTTPS_PROXY"] = $"http://127.0.0.1:{((IPEndPoint)_tunnels.LocalEndpoint).Port}",
        ["NO_PROXY"] = "127.0.0.1",
        ["SSL_CERT_FILE"] = _folder.Combine("clouds.pem"),
    };

    /// <summary>Where the clouds are for whoever can be told.</summary>
    public string Url => $"https://127.0.0.1:{_tlsPort}";

    /// <summary>Of their TLS.</summary>
    public string RootPem { get; private set; } = "";

    /// <param name="answer">What the cloud answers; the host that was meant is in the request.</param>
    /// <param name="hosts">That have TLS.</param>
    public static async Task<CloudNetwork> StartAsync(RequestDelegate answer, params string[] hosts)
    {
        var network = new CloudNetwork();
        var certificate = network.CertificateFor(hosts);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, network._httpPort);
            kestrel.Listen(IPAddress.Loopback, network._tlsPort, listen => listen.UseHttps(certificate));
        });
        network._app = builder.Build();
        network._app.Run(answer);
        await network._app.StartAsync();
        network._tunnels.Start();
        network._accepting = network.AcceptAsync();
        return network;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _tunnels.Dispose();
        await _accepting;
        await _app.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    private X509Certificate2 CertificateFor(string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Clouds", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        hosts.ToList().ForEach(names.AddDnsName);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(7));
        RootPem = certificate.ExportCertificatePem();
        File.WriteAllText(_folder.Combine("clouds.pem"), RootPem);
        return certificate;
    }

    private async Task AcceptAsync()
    {
        var tunnels = new List<Task>();
        try
        {
            while (true)
            {
                tunnels.Add(TunnelAsync(await _tunnels.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(tunnels);
        }
    }

    /// <summary>CONNECT (RFC 9110 9.3.6): whichever host is meant, it is here.</summary>
    private async Task TunnelAsync(TcpClient client)
    {
        using var from = client;
        using var to = new TcpClient();
        try
        {
            var stream = from.GetStream();
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stop.Token) == 1)
            {
                head.Append((char)one[0]);
            }

            await to.ConnectAsync(IPAddress.Loopback, _tlsPort, _stop.Token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _stop.Token);
            await Task.WhenAny(stream.CopyToAsync(to.GetStream(), _stop.Token), to.GetStream().CopyToAsync(stream, _stop.Token));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // One of both went away.
        }
    }
}
