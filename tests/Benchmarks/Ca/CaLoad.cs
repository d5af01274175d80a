using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>Sign and renew against one server, over connections that are opened before the clock starts.</summary>
internal sealed class CaLoad(CaServer server, TokenSource tokens)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private int _numbers;

    public async Task<LoadResult> SignAsync(int concurrency, int requests, CancellationToken cancellationToken)
    {
        var bodies = SignRequest.CreateMany(tokens, Interlocked.Add(ref _numbers, requests) - requests, requests, cancellationToken);
        var url = new Uri(server.Url, "1.0/sign");
        var connections = Enumerable.Range(0, concurrency).Select(_ => server.Connect()).ToArray();
        try
        {
            await Task.WhenAll(connections.Select(http => http.GetStringAsync(new Uri(server.Url, "health"), cancellationToken)));
            return await LoadGenerator.RunAsync(
                server.Name, "sign", server.ProcessId, concurrency, requests,
                (worker, index, stop) => PostAsync(connections[worker], url, bodies[index], stop), cancellationToken);
        }
        finally
        {
            Array.ForEach(connections, http => http.Dispose());
        }
    }

    public async Task<LoadResult> RenewAsync(int concurrency, int requests, CancellationToken cancellationToken)
    {
        var url = new Uri(server.Url, "1.0/renew");
        var certificates = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => EnrolAsync(cancellationToken)));
        var connections = certificates.Select(server.Connect).ToArray();
        try
        {
            // One renewal each opens the connection and shows that the certificate is accepted.
            var first = await Task.WhenAll(connections.Select(http => PostAsync(http, url, [], cancellationToken)));
            if (!first.All(accepted => accepted))
            {
                throw new BenchmarkException($"{server.Name} refuses to renew");
            }

            return await LoadGenerator.RunAsync(
                server.Name, "renew", server.ProcessId, concurrency, requests,
                (worker, _, stop) => PostAsync(connections[worker], url, [], stop), cancellationToken);
        }
        finally
        {
            Array.ForEach(connections, http => http.Dispose());
            Array.ForEach(certificates, certificate => certificate.Dispose());
        }
    }

    /// <summary>One request, over a connection of its own.</summary>
    public static async Task SignAsync(CaServer server, byte[] request, CancellationToken cancellationToken)
    {
        using var http = server.Connect();
        if (!await PostAsync(http, new Uri(server.Url, "1.0/sign"), request, cancellationToken))
        {
            throw new BenchmarkException($"{server.Name} refuses to sign");
        }
    }

    private static async Task<bool> PostAsync(HttpClient http, Uri url, byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
        using var answer = await http.PostAsync(url, content, cancellationToken);
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        return answer.StatusCode == HttpStatusCode.Created && bytes.AsSpan().IndexOf("BEGIN CERTIFICATE"u8) > 0;
    }

    private async Task<X509Certificate2> EnrolAsync(CancellationToken cancellationToken)
    {
        using var http = server.Connect();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var content = new ByteArrayContent(SignRequest.Create(tokens, key, Interlocked.Increment(ref _numbers) - 1)) { Headers = { ContentType = Json } };
        using var answer = await http.PostAsync(new Uri(server.Url, "1.0/sign"), content, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            throw new BenchmarkException($"{server.Name} refuses to sign: {(int)answer.StatusCode} {text}");
        }

        using var json = JsonDocument.Parse(text);
        using var certificate = X509Certificate2.CreateFromPem(json.RootElement.GetProperty("crt").GetString());
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
    }
}
