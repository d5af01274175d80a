using System.Globalization;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Events;

/// <summary>What happens to certificates, as events: the audit log says what; the store, where a certificate never changes, says which.</summary>
public sealed class CertificateActs(NpgsqlDataSource database) : IEventTranslator
{
    public IReadOnlySet<string> Actions { get; } =
        new HashSet<string>([CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateExpiring.Name], StringComparer.Ordinal);

    public async Task<Func<RecordedAct, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedAct> acts, CancellationToken cancellationToken)
    {
        var serials = acts.Select(act => act.Find("serial")).OfType<string>().Distinct(StringComparer.Ordinal);
        var certificates = await ReadAsync([.. serials.Select(Convert.FromHexString)], cancellationToken).ConfigureAwait(false);
        return act => Translate(act, certificates[act.Detail("serial")]);
    }

    private static CertificateEvent Translate(RecordedAct act, StoredCertificate stored) => act.Action switch
    {
        CertificateIssued.Name => new CertificateIssued
        {
            Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = stored.Tenant, Certificate = stored.Facts,
        },
        CertificateRenewed.Name => new CertificateRenewed
        {
            Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = stored.Tenant, Certificate = stored.Facts,
            RenewedSerial = stored.Renews ?? throw new InvalidOperationException("The store has no earlier certificate."),
        },
        CertificateRevoked.Name => new CertificateRevoked
        {
            Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = stored.Tenant, Certificate = stored.Facts,
            ReasonCode = int.Parse(act.Detail("reason_code"), NumberStyles.None, CultureInfo.InvariantCulture),
        },
        CertificateExpiring.Name => new CertificateExpiring
        {
            Id = act.EventId, OccurredAt = act.At, Sequence = act.Sequence, By = act.Actor, TenantId = stored.Tenant, Certificate = stored.Facts,
        },
        _ => throw new InvalidOperationException($"{act.Action} is not an event of a certificate."),
    };

    private async Task<Dictionary<string, StoredCertificate>> ReadAsync(byte[][] serials, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, StoredCertificate>(serials.Length, StringComparer.Ordinal);
        await using var command = database.CreateCommand("SELECT serial, subject, profile, issuer, not_before, not_after, tenant, renews FROM ca.certificates WHERE serial = ANY ($1)");
        command.Parameters.AddWithValue(serials);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
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
