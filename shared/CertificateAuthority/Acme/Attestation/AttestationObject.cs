using System.Formats.Cbor;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What a device says about itself and its key (WebAuthn 6.5.4, as draft-ietf-acme-device-attest 5 uses it). Nothing of it is verified.</summary>
/// <param name="Format">For example <c>step</c>.</param>
/// <param name="Certificates">DER, leaf first.</param>
internal sealed record AttestationObject(string Format, IReadOnlyList<byte[]> Certificates)
{
    /// <summary>As the statement has it; null: it has none.</summary>
    public byte[]? Signature { get; init; }

    /// <summary>Of format tpm.</summary>
    public string? Version { get; init; }

    /// <summary>TPMS_ATTEST, of format tpm.</summary>
    public byte[]? CertInfo { get; init; }

    /// <summary>TPMT_PUBLIC, of format tpm.</summary>
    public byte[]? PublicArea { get; init; }

    private const int MaxBytes = 32 * 1024;
    private const int MaxDepth = 4;
    private const int MostCertificates = 8;

    /// <summary>Throws <c>badAttestationStatement</c>. Of what is too large or nests too deeply, nothing is built up.</summary>
    public static AttestationObject Parse(ReadOnlyMemory<byte> cbor)
    {
        if (cbor.Length > MaxBytes)
        {
            throw Bad($"The attestation has more than {MaxBytes} bytes.");
        }

        try
        {
            RequireShallow(cbor);
            var reader = new CborReader(cbor, CborConformanceMode.Strict);
            string? format = null;
            AttestationObject? statement = null;
            for (var members = StartMap(reader); members > 0; members--)
            {
                switch (reader.ReadTextString())
                {
                    case "fmt":
                        format = reader.ReadTextString();
                        break;
                    case "attStmt":
                        statement = Statement(reader);
                        break;
                    default:
                        reader.SkipValue();
                        break;
                }
            }

            reader.ReadEndMap();
            return format is not null && statement is not null ? statement with { Format = format } : throw Bad("The attestation has no fmt or no attStmt.");
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            throw Bad("The attestation is no CBOR of the form that belongs here.", e);
        }
    }

    public static AcmeException Bad(string detail, Exception? inner = null) => AcmeException.Of("badAttestationStatement", detail, 400, inner);

    private static AttestationObject Statement(CborReader reader)
    {
        var statement = new AttestationObject("", []);
        for (var members = StartMap(reader); members > 0; members--)
        {
            switch (reader.ReadTextString())
            {
                case "x5c":
                    statement = statement with { Certificates = Chain(reader) };
                    break;
                case "sig":
                    statement = statement with { Signature = reader.ReadByteString() };
                    break;
                case "ver":
                    statement = statement with { Version = reader.ReadTextString() };
                    break;
                case "certInfo":
                    statement = statement with { CertInfo = reader.ReadByteString() };
                    break;
                case "pubArea":
                    statement = statement with { PublicArea = reader.ReadByteString() };
                    break;
                default:
                    reader.SkipValue();
                    break;
            }
        }

        reader.ReadEndMap();
        return statement;
    }

    private static List<byte[]> Chain(CborReader reader)
    {
        if (reader.ReadStartArray() is not (> 0 and <= MostCertificates and var count))
        {
            throw Bad($"The attestation has not 1 to {MostCertificates} certificates.");
        }

        var certificates = new List<byte[]>(count);
        for (; count > 0; count--)
        {
            certificates.Add(reader.ReadByteString());
        }

        reader.ReadEndArray();
        return certificates;
    }

    private static int StartMap(CborReader reader) => reader.ReadStartMap() ?? throw new CborContentException("A map has no length.");

    /// <summary>Walks once over all of it: neither deep, nor of a length that only the end tells.</summary>
    private static void RequireShallow(ReadOnlyMemory<byte> cbor)
    {
        var reader = new CborReader(cbor, CborConformanceMode.Strict);
        for (var state = reader.PeekState(); state != CborReaderState.Finished; state = reader.PeekState())
        {
            switch (state)
            {
                case CborReaderState.StartMap:
                    _ = StartMap(reader);
                    break;
                case CborReaderState.EndMap:
                    reader.ReadEndMap();
                    break;
                case CborReaderState.StartArray:
                    _ = reader.ReadStartArray() ?? throw new CborContentException("An array has no length.");
                    break;
                case CborReaderState.EndArray:
                    reader.ReadEndArray();
                    break;
                case CborReaderState.Tag or CborReaderState.StartIndefiniteLengthByteString or CborReaderState.StartIndefiniteLengthTextString:
                    throw new CborContentException("Tags and strings in pieces do not belong here.");
                default:
                    reader.SkipValue();
                    break;
            }

            if (reader.CurrentDepth > MaxDepth)
            {
                throw new CborContentException("It nests too deeply.");
            }
        }
    }
}
