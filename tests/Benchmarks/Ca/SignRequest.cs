using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>The body of POST /sign, made beforehand: key, CSR and token are the client's work.</summary>
internal static class SignRequest
{
    public static byte[] Create(TokenSource tokens, ECDsa key, int number)
    {
        var name = $"device-{number}.bench.example";
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return JsonSerializer.SerializeToUtf8Bytes(new { csr = request.CreateSigningRequestPem(), ott = tokens.Create(name) });
    }

    public static byte[][] CreateMany(TokenSource tokens, int first, int count, CancellationToken cancellationToken)
    {
        var bodies = new byte[count][];
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, index =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            bodies[index] = Create(tokens, key, first + index);
        });
        return bodies;
    }
}
