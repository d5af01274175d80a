using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// The key of an issuer beside the stack's own is in other hands: it signs nothing but lists from then on, and all of its certificates are revoked, and so is its own where that is on record here.
/// The target is its name.
/// </summary>
internal sealed class IssuerEmergency(CertificateAuthorityModule module, ProvisionerRegistry registry) : IEmergency
{
    public string Kind => "issuer";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var issuer = Require(target);
        var provisioners = registry.Stored.Where(one => one.IssuerName == target).Select(one => one.Name).ToList();
        return new EmergencyPlan
        {
            Selection = new CertificateSelection { IssuerKeyId = issuer.Issuer.KeyId },
            Consequences =
            [
                $"The issuer {target} is retired for ever: it signs nothing but revocation lists and OCSP.",
                .. provisioners.Count == 0 ? Array.Empty<string>() : [$"Disabled with it, until they name another (iot ca provisioner update NAME --issuer OTHER): {string.Join(", ", provisioners)}."],
                await OnRecordAsync(issuer, cancellationToken) is not null
                    ? "Its own certificate is revoked as well; the root's list names it from the next start that has the root's key."
                    : "Its own certificate is for the authority to revoke that signed it: it is not on record here.",
            ],
            StillTrusted = [new TrustAfterwards("verifiers that know no list with the issuer's own certificate, for whatever its key signs", For: null, issuer.Issuer.Info.NotAfter)],
        };
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var issuer = Require(order.Target);
        var own = await OnRecordAsync(issuer, cancellationToken);
        await module.Issuers.EndAsync(
            order.Target,
            issuer.KeyId,
            async connection =>
            {
                await module.Authority.RevokeIssuerAsync(
                    new IssuerRevocation { KeyId = issuer.Issuer.KeyId, ReasonCode = order.ReasonCode ?? RevocationReason.CaCompromise, Reason = order.Reason, By = order.By }, connection, cancellationToken);
                if (own is not null)
                {
                    await module.Authority.RevokeAsync(new Revocation { Serial = own, ReasonCode = RevocationReason.CaCompromise, Reason = order.Reason, By = order.By }, connection, cancellationToken);
                }
            },
            order.By,
            cancellationToken);
        await registry.ReloadAsync(cancellationToken);
        await module.ServiceCertificate.ReplaceRevokedAsync(cancellationToken);
    }

    private OwnIssuer Require(string name) => registry.Issuers.FirstOrDefault(stored => stored.Row.Name == name)?.Issuer ?? throw IssuerStore.NotFound(name);

    /// <summary>Its serial number; null: another authority signed it, or this one's root elsewhere.</summary>
    private async Task<byte[]?> OnRecordAsync(OwnIssuer issuer, CancellationToken cancellationToken)
    {
        var der = issuer.Issuer.Certificate.RawDataMemory;
        var serial = ParsedCertificate.Parse(der).SerialNumber.ToArray();
        return await module.Authority.FindAsync(serial, cancellationToken) is { } record && record.Der.AsSpan().SequenceEqual(der.Span) ? serial : null;
    }
}
