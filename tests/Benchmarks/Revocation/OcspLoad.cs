using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Benchmarks.Measurement;

namespace IoTPlatform.Benchmarks.Revocation;

/// <summary>Asks a responder over HTTP, POST and without a nonce (RFC 5019).</summary>
/// <param name="http">Over which.</param>
/// <param name="responder">Where.</param>
/// <param name="issuer">Whose certificates.</param>
/// <param name="closes">The responder takes one request a connection, and may reset what it has answered.</param>
internal sealed class OcspLoad(HttpClient http, Uri responder, X509Certificate2 issuer, bool closes = false)
{
    private const int MostAttempts = 5;

    public const byte Good = 0x80;
    public const byte Revoked = 0xA1;

    private readonly byte[] _nameHash = Sha1(issuer.SubjectName.RawData);
    private readonly byte[] _keyHash = Sha1(issuer.PublicKey.EncodedKeyValue.RawData);

    public Task<LoadResult> RunAsync(string server, int process, int clients, int requests, Func<int, byte[]> serial, CancellationToken cancellationToken) => LoadGenerator.RunAsync(
        server, "OCSP", process, clients, requests, async (_, index, stop) => await AskAgainAsync(serial(index), stop) is Good or Revoked, cancellationToken);

    /// <summary>The tag of CertStatus (RFC 6960 4.2.1); null: no answer about this certificate.</summary>
    public async Task<byte?> AskAsync(byte[] serial, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, responder)
        {
            Content = new ByteArrayContent(Request(serial)) { Headers = { ContentType = new MediaTypeHeaderValue("application/ocsp-request") } },
        };
        request.Headers.ConnectionClose = closes;
        using var response = await http.SendAsync(request, cancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        // The serial number ends the CertID, which the status follows.
        var at = answer.AsSpan().IndexOf(serial);
        return at < 0 ? null : answer[at + serial.Length];
    }

    private async Task<byte?> AskAgainAsync(byte[] serial, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await AskAsync(serial, cancellationToken);
            }
            catch (HttpRequestException) when (closes && attempt < MostAttempts)
            {
                // The time that it takes counts.
            }
        }
    }

    private byte[] Request(byte[] serial)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.14.3.2.26");
                writer.WriteNull();
            }

            writer.WriteOctetString(_nameHash);
            writer.WriteOctetString(_keyHash);
            writer.WriteInteger(serial);
        }

        return writer.Encode();
    }

    [SuppressMessage("Security", "CA5350", Justification = "The hash only names an issuer: RFC 5019 2.1.1 has every client send SHA-1.")]
    private static byte[] Sha1(byte[] data) => SHA1.HashData(data);
}
