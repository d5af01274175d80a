using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Acme;

/// <summary>One account over one connection, that orders one certificate after the other.</summary>
internal sealed class AcmeCustomer : IDisposable
{
    private static readonly MediaTypeHeaderValue Jose = new("application/jose+json");
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private const int MostPolls = 4000;

    private readonly HttpClient _http;
    private readonly ChallengeAnswers _answers;
    private readonly ECDsa _accountKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _csr;
    private readonly string _jwk;
    private readonly string _thumbprint;
    private JsonElement _directory;
    private string? _account;
    private string? _nonce;

    private AcmeCustomer(CaServer server, ChallengeAnswers answers, IPAddress from)
    {
        _http = Connect(server, from);
        _answers = answers;
        var point = _accountKey.ExportParameters(includePrivateParameters: false).Q;
        _jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        _thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(_jwk)));
        var request = new CertificateRequest("CN=localhost", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        _csr = Base64Url.EncodeToString(request.CreateSigningRequest());
    }

    /// <param name="server">A loopback one.</param>
    /// <param name="answers">Proves the name.</param>
    /// <param name="number">Of the customer: each has a loopback address of its own, as limits hold by address.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<AcmeCustomer> RegisterAsync(CaServer server, ChallengeAnswers answers, int number, CancellationToken cancellationToken)
    {
        var customer = new AcmeCustomer(server, answers, new IPAddress([127, 1, (byte)(number / 250), (byte)(1 + (number % 250))]));
        customer._directory = JsonElement.Parse(await customer._http.GetStringAsync(new Uri(server.Url, "acme/acme/directory"), cancellationToken));
        using var first = await customer._http.GetAsync(customer._directory.GetProperty("newNonce").GetString(), cancellationToken);
        customer._nonce = first.Headers.GetValues("Replay-Nonce").Single();
        var (_, location) = await customer.PostAsync(customer.Address("newAccount"), """{"termsOfServiceAgreed":true}""", cancellationToken);
        customer._account = location;
        return customer;
    }

    /// <summary>From the order to the certificate; true if there is one.</summary>
    public async Task<bool> OrderAsync(CancellationToken cancellationToken)
    {
        var (order, location) = await PostAsync(Address("newOrder"), """{"identifiers":[{"type":"dns","value":"localhost"}]}""", cancellationToken);
        var placed = JsonElement.Parse(order);
        var authorization = JsonElement.Parse((await PostAsync(placed.GetProperty("authorizations")[0].GetString()!, "", cancellationToken)).Body);
        var challenge = authorization.GetProperty("challenges").EnumerateArray().Single(one => one.GetProperty("type").GetString() == "http-01");
        var token = challenge.GetProperty("token").GetString()!;
        _answers.Add(token, $"{token}.{_thumbprint}");
        await PostAsync(challenge.GetProperty("url").GetString()!, "{}", cancellationToken);
        placed = await UntilAsync(location!, "ready", cancellationToken);
        await PostAsync(placed.GetProperty("finalize").GetString()!, $$"""{"csr":"{{_csr}}"}""", cancellationToken);
        placed = await UntilAsync(location!, "valid", cancellationToken);
        return (await PostAsync(placed.GetProperty("certificate").GetString()!, "", cancellationToken)).Body.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _http.Dispose();
        _accountKey.Dispose();
        _key.Dispose();
    }

    private static HttpClient Connect(CaServer server, IPAddress from)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(server.Roots);
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = { CertificateChainPolicy = policy },
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private string Address(string name) => _directory.GetProperty(name).GetString()!;

    private async Task<JsonElement> UntilAsync(string order, string status, CancellationToken cancellationToken)
    {
        for (var poll = 0; poll < MostPolls; poll++)
        {
            var now = JsonElement.Parse((await PostAsync(order, "", cancellationToken)).Body);
            switch (now.GetProperty("status").GetString())
            {
                case var reached when reached == status:
                    return now;
                case "invalid":
                    throw new BenchmarkException($"the order is invalid: {now}");
                default:
                    await Task.Delay(Poll, TimeProvider.System, cancellationToken);
                    break;
            }
        }

        throw new BenchmarkException($"the order did not become {status}");
    }

    private async Task<(string Body, string? Location)> PostAsync(string url, string payload, CancellationToken cancellationToken)
    {
        var by = _account is null ? $"\"jwk\":{_jwk}" : $"\"kid\":\"{_account}\"";
        var header = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$$"""{"alg":"ES256","nonce":"{{{_nonce}}}","url":"{{{url}}}",{{{by}}}}"""));
        var body = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(payload));
        var signature = Base64Url.EncodeToString(_accountKey.SignData(Encoding.ASCII.GetBytes($"{header}.{body}"), HashAlgorithmName.SHA256));
        using var content = new StringContent($$"""{"protected":"{{header}}","payload":"{{body}}","signature":"{{signature}}"}""") { Headers = { ContentType = Jose } };
        using var answer = await _http.PostAsync(url, content, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        _nonce = answer.Headers.GetValues("Replay-Nonce").Single();
        return answer.IsSuccessStatusCode ? (text, answer.Headers.Location?.OriginalString) : throw new BenchmarkException($"{url} answers {(int)answer.StatusCode}: {text}");
    }
}
