using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// <c>{"crt","ca","certChain":[leaf, issuers…],"tlsOptions"}</c>. Everything but the leaf is the same for every answer of an issuer and
/// is encoded once; the leaf goes from DER to PEM inside JSON in one pass.
/// </summary>
internal sealed class SignAnswer
{
    private const int DerPerLine = 48;
    private const string TlsOptions = """{"cipherSuites":["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256","TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],"minVersion":1.2,"maxVersion":1.3,"renegotiation":false}""";

    private readonly byte[] _middle;
    private readonly byte[] _end;

    public SignAnswer(IssuingChain issuers)
    {
        var chain = issuers.Intermediates.Select(c => Pki.Files.Pem.Certificate(c.RawDataMemory.Span).Replace("\n", "\\n", StringComparison.Ordinal)).ToArray();
        _middle = Encoding.ASCII.GetBytes($"\",\"ca\":\"{chain.FirstOrDefault()}\",\"certChain\":[\"");
        _end = Encoding.ASCII.GetBytes($"\"{string.Concat(chain.Select(pem => $",\"{pem}\""))}],\"tlsOptions\":{TlsOptions}}}\n");
    }

    private static ReadOnlySpan<byte> Start => "{\"crt\":\""u8;

    private static ReadOnlySpan<byte> Begin => "-----BEGIN CERTIFICATE-----\\n"u8;

    private static ReadOnlySpan<byte> Finish => "-----END CERTIFICATE-----\\n"u8;

    public async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> der)
    {
        var pemLength = Begin.Length + Finish.Length + Base64.GetMaxEncodedToUtf8Length(der.Length) + (2 * ((der.Length + DerPerLine - 1) / DerPerLine));
        var length = Start.Length + pemLength + _middle.Length + pemLength + _end.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Fill(buffer.AsSpan(0, length), der.Span, pemLength);
            await StepCaJson.WriteAsync(response, StatusCodes.Status201Created, buffer.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fill(Span<byte> buffer, ReadOnlySpan<byte> der, int pemLength)
    {
        Start.CopyTo(buffer);
        var first = buffer.Slice(Start.Length, pemLength);
        WritePem(first, der);
        buffer = buffer[(Start.Length + pemLength)..];
        _middle.CopyTo(buffer);
        buffer = buffer[_middle.Length..];
        first.CopyTo(buffer);
        _end.CopyTo(buffer[pemLength..]);
    }

    private static void WritePem(Span<byte> target, ReadOnlySpan<byte> der)
    {
        Begin.CopyTo(target);
        target = target[Begin.Length..];
        while (!der.IsEmpty)
        {
            var line = der[..Math.Min(DerPerLine, der.Length)];
            Base64.EncodeToUtf8(line, target, out _, out var written);
            target[written] = (byte)'\\';
            target[written + 1] = (byte)'n';
            target = target[(written + 2)..];
            der = der[line.Length..];
        }

        Finish.CopyTo(target);
    }
}
