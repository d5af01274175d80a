using System.Globalization;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Events;

/// <summary>What happens to certificates, as events: the audit log says what; the store, where a certificate never changes, says which.</summary>
public sealed class CertificateEventMapper(NpgsqlDataSource database) : IEventMapper
{
    public IReadOnlyDictionary<string, string> Types { get; } =
        new[] { CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateReleased.Name, CertificateExpiring.Name, CertificateSurplus.Name }.ToDictionary(name => name, StringComparer.Ordinal);

    public async Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken)
    {
        var serials = operations.Select(operation => operation.Find("serial")).OfType<string>().Distinct(StringComparer.Ordinal);
        var certificates = await ReadAsync([.. serials.Select(Convert.FromHexString)], cancellationToken);
        return operation => Map(operation, certificates[operation.Detail("serial")]);
    }

    private static CertificateEvent Map(RecordedOperation operation, StoredCertificate stored) => operation.Action switch
    {
        CertificateIssued.Name => new CertificateIssued
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
        },
        CertificateRenewed.Name => new CertificateRenewed
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
            RenewedSerial = stored.Renews ?? throw new InvalidOperationException("The store has no earlier certificate."),
        },
        CertificateRevoked.Name => new CertificateRevoked
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
            ReasonCode = int.Parse(operation.Detail("reason_code"), NumberStyles.None, CultureInfo.InvariantCulture),
        },
        CertificateReleased.Name => new CertificateReleased
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
        },
        CertificateExpiring.Name => new CertificateExpiring
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
        },
        CertificateSurplus.Name => new CertificateSurplus
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            TenantId = stored.Tenant,
            Certificate = stored.Facts,
            Endpoint = long.Parse(operation.Detail("endpoint"), NumberStyles.None, CultureInfo.InvariantCulture),
            Active = int.Parse(operation.Detail("active"), NumberStyles.None, CultureInfo.InvariantCulture),
        },
        _ => throw new InvalidOperationException($"{operation.Action} is not an event of a certificate."),
    };

    private async Task<Dictionary<string, StoredCertificate>> ReadAsync(byte[][] serials, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StoredCertificate>(serials.Length, StringComparer.Ordinal);
        await using var command = database.CreateCommand("SELECT serial, subject, profile, issuer, not_before, not_after, tenant, renews FROM ca.certificates WHERE serial = ANY ($1)");
        command.Parameters.AddWithValue(serials);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var facts = new CertificateFacts
            {
                Serial = SerialNumber.ToHex(reader.GetFieldValue<byte[]>(0)),
                Subject = reader.GetString(1),
                Profile = reader.GetString(2),
                Issuer = reader.GetString(3),
                NotBefore = reader.GetFieldValue<DateTimeOffset>(4),
                NotAfter = reader.GetFieldValue<DateTimeOffset>(5),
            };
            found.Add(facts.Serial, new StoredCertificate(
                facts, reader.IsDBNull(6) ? null : reader.GetString(6), reader.IsDBNull(7) ? null : SerialNumber.ToHex(reader.GetFieldValue<byte[]>(7))));
        }

        return found;
    }

    private sealed record StoredCertificate(CertificateFacts Facts, string? Tenant, string? Renews);
}
