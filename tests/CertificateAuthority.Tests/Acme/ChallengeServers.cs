using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>HTTP, DNS and TLS of everyone who has to prove something: every name below <c>test</c> is at 127.0.0.1.</summary>
internal sealed class ChallengeServers : IAsyncDisposable
{
    private readonly WebApplication _http;
    private readonly UdpClient _dns;
    private readonly TcpListener _tls;
    private readonly CancellationTokenSource _stop = new();

    private ChallengeServers(WebApplication http)
    {
        _http = http;
        _dns = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        _tls = new TcpListener(IPAddress.Loopback, 0);
        _tls.Start();
        _ = ServeDnsAsync();
        _ = ServeTlsAsync();
    }

    public int HttpPort => new Uri(_http.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    public int TlsPort => ((IPEndPoint)_tls.LocalEndpoint).Port;

    public IPEndPoint Dns => (IPEndPoint)_dns.Client.LocalEndPoint!;

    /// <summary>What HTTP answers at a token's path.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Pages { get; } = new(StringComparer.Ordinal);

    /// <summary>TXT records.</summary>
    public ConcurrentDictionary<string, string> Texts { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names that are elsewhere; each question takes the next address.</summary>
    public ConcurrentDictionary<string, IPAddress[]> Addresses { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How often each name's address was asked for.</summary>
    public ConcurrentDictionary<string, int> Questions { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>CAA records: flags, tag, value.</summary>
    public ConcurrentDictionary<string, (byte Flags, string Tag, string Value)[]> Caa { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names for which the DNS answers that it failed (SERVFAIL).</summary>
    public ConcurrentDictionary<string, bool> Failing { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>By server name: what the certificate shown to acme-tls/1 says.</summary>
    public ConcurrentDictionary<string, X509Certificate2> Certificates { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Server names whose handshakes are begun and never answered.</summary>
    public ConcurrentDictionary<string, bool> Silent { get; } = new(StringComparer.OrdinalIgnoreCase);

    public static async Task<ChallengeServers> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var servers = new ChallengeServers(app);
        app.MapGet("/.well-known/acme-challenge/{token}", (string token, HttpContext context) =>
        {
            if (servers.Pages.TryGetValue(token, out var page))
            {
                return page(context);
            }

            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return servers;
    }

    public void Page(string token, string text) => Pages[token] = context => context.Response.WriteAsync(text);

    /// <summary>RFC 8737 3.</summary>
    public static X509Certificate2 AlpnCertificate(string keyAuthorization, bool isCritical, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = AlpnRequest(key, keyAuthorization, isCritical, names);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddMinutes(-1), now.AddHours(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), password: null);
    }

    /// <summary>The same of an issuer that is to be fetched.</summary>
    public static X509Certificate2 IssuedAlpnCertificate(string keyAuthorization, Uri issuer, params string[] names)
    {
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = AlpnRequest(key, keyAuthorization, isCritical: true, names);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [issuer.AbsoluteUri]));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.Create(new X500DistinguishedName("CN=elsewhere"), X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddMinutes(-1), now.AddHours(1), [1, 2, 3]).CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), password: null);
    }

    private static CertificateRequest AlpnRequest(ECDsa key, string keyAuthorization, bool isCritical, string[] names)
    {
        var request = new CertificateRequest("CN=challenge", key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var ip))
            {
                san.AddIpAddress(ip);
            }
            else
            {
                san.AddDnsName(name);
            }
        }

        var digest = new AsnWriter(AsnEncodingRules.DER);
        digest.WriteOctetString(SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization)));
        request.CertificateExtensions.Add(san.Build());
        request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.31", digest.Encode(), isCritical));
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _dns.Dispose();
        _tls.Dispose();
        await _http.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ServeTlsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = AnswerTlsAsync(await _tls.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // Stopped, or whoever came is gone.
            }
        }
    }

    private async Task AnswerTlsAsync(TcpClient accepted)
    {
        try
        {
            using var client = accepted;
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(
                async (_, hello, _, cancellationToken) =>
                {
                    if (Silent.ContainsKey(hello.ServerName))
                    {
                        await Task.Delay(Timeout.Infinite, cancellationToken);
                    }

                    return new SslServerAuthenticationOptions
                    {
                        // Offline: this server fetches no issuer either.
                        ServerCertificateContext = SslStreamCertificateContext.Create(Certificates[hello.ServerName], additionalCertificates: null, offline: true),
                        ApplicationProtocols = [new SslApplicationProtocol("acme-tls/1")],
                    };
                }, state: null, _stop.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A test sees what became of its own.
        }
    }

    private async Task ServeDnsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var question = await _dns.ReceiveAsync(_stop.Token);
                await _dns.SendAsync(Answer(question.Buffer), question.RemoteEndPoint, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // Stopped, or nobody waits for the answer.
            }
        }
    }

    /// <summary>One question, its answers or none (RFC 1035 4.1).</summary>
    private byte[] Answer(byte[] question)
    {
        var labels = new List<string>();
        var at = 12;
        for (; question[at] > 0; at += question[at] + 1)
        {
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
        }

        var end = at + 5;
        var type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(at + 1));
        var name = string.Join('.', labels);
        var answers = Data(name, type);
        byte[] header = [question[0], question[1], 0x81, (byte)(Failing.ContainsKey(name) ? 0x82 : 0x80), 0, 1, 0, (byte)answers.Count, 0, 0, 0, 0];
        return [.. header, .. question[12..end], .. answers.SelectMany(data => (byte[])[0xc0, 12, (byte)(type >> 8), (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)data.Length, .. data])];
    }

    private IReadOnlyList<byte[]> Data(string name, ushort type)
    {
        const ushort Caa = 257;
        return type == Caa && this.Caa.TryGetValue(name, out var records)
            ? [.. records.Select(record => (byte[])[record.Flags, (byte)record.Tag.Length, .. Encoding.ASCII.GetBytes(record.Tag), .. Encoding.ASCII.GetBytes(record.Value)])]
            : OneOf(name, type) is { } one ? [one] : [];
    }

    private byte[]? OneOf(string name, ushort type)
    {
        const ushort A = 1, Txt = 16;
        if (type == Txt)
        {
            return Texts.TryGetValue(name, out var text) ? [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)] : null;
        }

        if (type != A || !name.EndsWith(".test", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        Questions.AddOrUpdate(name, 1, (_, count) => count + 1);
        var address = Addresses.TryGetValue(name, out var others) ? others[0] : IPAddress.Loopback;
        if (others is { Length: > 1 })
        {
            Addresses[name] = others[1..];
        }

        return address.GetAddressBytes();
    }
}
