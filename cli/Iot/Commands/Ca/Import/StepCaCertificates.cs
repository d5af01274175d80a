using System.Text;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>
/// Takes over what a step-ca has issued and revoked, in the order of issue: of each certificate only its date and its number stay in memory. The server judges each, and stores a batch or
/// nothing of it, so that an import that broke off is begun again.
/// </summary>
internal sealed class StepCaCertificates(PlatformClient server, IStepCaTables tables, string issuer, Action<string> progress)
{
    /// <summary>Of certificates and texts as long as they may be, all escaped, a batch fits into a request (8 MiB).</summary>
    private const int BatchSize = 200;
    private const int MaxCertificate = 20 * 1024;
    private const int BetweenRemarks = 10_000;
    private const int MostCertificates = 20_000_000;

    private readonly SortedDictionary<string, int> _left = new(StringComparer.Ordinal);
    private int _imported;
    private int _known;
    private int _revoked;

    /// <summary>What came of it, in words.</summary>
    public string Summary => $"{_imported} added, {_known} were here, {_revoked} newly revoked";

    /// <summary>What was left out, with the reasons; null: nothing.</summary>
    public string? Left => _left.Count == 0 ? null : string.Join("; ", _left.Select(left => $"{left.Value} {left.Key}"));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var order = await OrderAsync(cancellationToken);
        for (var done = 0; done < order.Count; done += BatchSize)
        {
            await SendAsync([.. order[done..Math.Min(done + BatchSize, order.Count)].Select(one => one.Key)], cancellationToken);
            if (done / BetweenRemarks != (done + BatchSize) / BetweenRemarks)
            {
                progress($"{done + BatchSize} of {order.Count} certificates");
            }
        }

        await CountOrphansAsync(cancellationToken);
    }

    /// <summary>Serial numbers in the order of issue.</summary>
    private async Task<List<(long NotBefore, byte[] Key)>> OrderAsync(CancellationToken cancellationToken)
    {
        var order = new List<(long NotBefore, byte[] Key)>();
        await foreach (var row in tables.ReadAsync(StepCaTable.Certificates, cancellationToken))
        {
            if (row.Value.Length > MaxCertificate || TryParse(row.Value) is not { } certificate || SerialNumber.ToDecimal(certificate.SerialNumber.Span) != Encoding.ASCII.GetString(row.Key))
            {
                Leave("can't be read");
                continue;
            }

            order.Add((certificate.NotBefore.UtcTicks, row.Key));
            if (order.Count > MostCertificates)
            {
                throw StepCaDatabase.Refused($"the database has more than {MostCertificates} certificates");
            }
        }

        order.Sort((one, other) => one.NotBefore != other.NotBefore ? one.NotBefore.CompareTo(other.NotBefore) : one.Key.AsSpan().SequenceCompareTo(other.Key));
        return order;
    }

    private async Task SendAsync(byte[][] keys, CancellationToken cancellationToken)
    {
        var certificates = await tables.FindAsync(StepCaTable.Certificates, keys, cancellationToken);
        var data = await tables.FindAsync(StepCaTable.CertificateData, keys, cancellationToken);
        var revocations = await tables.FindAsync(StepCaTable.Revocations, keys, cancellationToken);
        var items = new List<ImportedCertificate>(keys.Length);
        for (var i = 0; i < keys.Length; i++)
        {
            items.Add(new ImportedCertificate
            {
                Certificate = Convert.ToBase64String(certificates[i] ?? throw StepCaDatabase.Refused("the database has changed while it was read: stop step-ca, and begin again")),
                Provisioner = ProvisionerOf(data[i]),
                Revocation = RevocationOf(revocations[i]),
            });
        }

        var result = await server.ImportCertificatesAsync(new ImportCertificatesRequest { Issuer = issuer, Items = items }, cancellationToken);
        _imported += result.Imported;
        _known += result.Known;
        _revoked += result.Revoked;
        foreach (var refusal in result.Refused)
        {
            Leave(refusal.Reason switch
            {
                "other_issuer" => "of another issuer",
                "ca_certificate" => "of certificate authorities",
                "serial_taken" => "with a serial number that another certificate has here",
                _ => "can't be read",
            });
        }
    }

    /// <summary>step-ca revokes any number; what it never issued, or has no record of, can't be on a list here.</summary>
    private async Task CountOrphansAsync(CancellationToken cancellationToken)
    {
        await foreach (var batch in tables.ReadAsync(StepCaTable.Revocations, cancellationToken).Chunk(BatchSize).WithCancellation(cancellationToken))
        {
            foreach (var certificate in await tables.FindAsync(StepCaTable.Certificates, [.. batch.Select(row => row.Key)], cancellationToken))
            {
                if (certificate is null)
                {
                    Leave("revocations of certificates that it has not on record");
                }
            }
        }
    }

    private void Leave(string why) => _left[why] = _left.GetValueOrDefault(why) + 1;

    private static ParsedCertificate? TryParse(byte[] der)
    {
        try
        {
            return ParsedCertificate.Parse(der);
        }
        catch (PkiException)
        {
            return null;
        }
    }

    /// <summary>Null: the row does not say.</summary>
    internal static string? ProvisionerOf(byte[]? json) => json is null ? null : StepCaJson.Text(StepCaJson.Member(StepCaJson.Parse(json), "provisioner"), "name");

    /// <summary>What is not understood still revokes: the row is there.</summary>
    internal static ImportedRevocation? RevocationOf(byte[]? json)
    {
        if (json is null)
        {
            return null;
        }

        var row = StepCaJson.Parse(json);
        return new ImportedRevocation
        {
            RevokedAt = DateTimeOffset.TryParse(StepCaJson.Text(row, "RevokedAt"), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at) ? at : DateTimeOffset.UnixEpoch,
            ReasonCode = StepCaJson.Member(row, "ReasonCode") is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var code) ? code : 0,
            Reason = StepCaJson.Text(row, "Reason"),
        };
    }
}
