using System.Globalization;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// POST revoke: by a token whose subject is the serial number, or by the certificate's own key over mTLS. With a token the reason 8, removeFromCRL,
/// ends a hold (RFC 5280 5.3.1); the certificate's own key can't, for it may be why.
/// </summary>
internal sealed class StepCaRevoking(Authority authority, ProfileRevocations revocations, ProvisionerRegistry provisioners)
{
    private const int MaxReasonLength = 500;
    private static readonly byte[] Ok = StepCaJson.Build(j => j.WriteString("status", "ok"));

    public async Task RevokeAsync(HttpContext context)
    {
        var body = await RequestBody.ParseAsync(context, StepCaRequests.ParseRevoke);
        var serial = Validate(body);
        var revocation = string.IsNullOrEmpty(body.Ott) ? await ByCertificateAsync(context, body, serial) : await ByTokenAsync(body, serial, context.RequestAborted);
        if (revocation.ReasonCode == RevocationReason.RemoveFromCrl)
        {
            await ReleaseAsync(context, body, revocation);
            return;
        }

        var outcome = await revocations.RevokeAsync(revocation, confirmation: null, context.RequestAborted);
        await (outcome switch
        {
            RevocationOutcome.Revoked => StepCaJson.WriteAsync(context.Response, 200, Ok),
            RevocationOutcome.AlreadyRevoked => throw StepCaException.BadRequest($"certificate with serial number '{body.Serial}' is already revoked"),
            RevocationOutcome.TokenUsed => throw StepCaException.Unauthorized("the token has been used"),
            _ => throw StepCaException.NotFound("no certificate has this serial number"),
        });
    }

    private async Task ReleaseAsync(HttpContext context, RevokeBody body, Revocation order)
    {
        if (order.BurnToken is null)
        {
            throw StepCaException.Unauthorized("a hold is not ended by the key of the certificate itself");
        }

        var outcome = await authority.ReleaseAsync(new Release { Serial = order.Serial, Reason = order.Reason, By = order.By, BurnToken = order.BurnToken }, context.RequestAborted);
        await (outcome switch
        {
            ReleaseOutcome.Released => StepCaJson.WriteAsync(context.Response, 200, Ok),
            ReleaseOutcome.NotOnHold => throw StepCaException.BadRequest($"certificate with serial number '{body.Serial}' is not on hold"),
            ReleaseOutcome.TokenUsed => throw StepCaException.Unauthorized("the token has been used"),
            _ => throw StepCaException.NotFound("no certificate has this serial number"),
        });
    }

    private static byte[] Validate(RevokeBody body)
    {
        if (string.IsNullOrEmpty(body.Serial))
        {
            throw StepCaException.BadRequest("missing serial");
        }

        if (!RevocationReasons.TryParse(body.ReasonCode ?? 0, out _))
        {
            throw StepCaException.BadRequest("reasonCode out of bounds");
        }

        if (body.Passive != true)
        {
            throw StepCaException.NotImplemented("non-passive revocation is not implemented");
        }

        if (body.Reason is { } reason && reason.Length > 0 && !FreeText.IsValid(reason, MaxReasonLength))
        {
            throw StepCaException.BadRequest(string.Create(CultureInfo.InvariantCulture, $"reason has control or unassigned characters or more than {MaxReasonLength} characters"));
        }

        return SerialNumber.TryParse(body.Serial, out var serial) ? serial : throw StepCaException.BadRequest("serial is not a decimal or hex serial number");
    }

    private async Task<Revocation> ByTokenAsync(RevokeBody body, byte[] serial, CancellationToken cancellationToken)
    {
        var token = OneTimeToken.Parse(body.Ott!);
        var provisioner = provisioners.ByToken(token);
        var grant = await provisioner.AuthorizeRevokeAsync(token, authority.Time.GetUtcNow(), cancellationToken);
        // Whoever may sign for some names must not end the host's, a tenant's or another provisioner's certificates.
        if (provisioner.Name != JwkProvisioner.DefaultName && await authority.FindAsync(serial, cancellationToken) is { } record
            && (record.Profile != Profiles.Leaf.Name || record.Provisioner != provisioner.Name))
        {
            throw StepCaException.Unauthorized("the certificate is another provisioner's");
        }

        return SerialNumber.TryParse(grant.Subject, out var subject) && subject.AsSpan().SequenceEqual(serial)
            ? Create(body, serial, $"{provisioner.Name}:{grant.Subject}", grant.Token)
            : throw StepCaException.Unauthorized("the token is for another serial number");
    }

    private async Task<Revocation> ByCertificateAsync(HttpContext context, RevokeBody body, byte[] serial)
    {
        var certificate = ClientCertificates.Of(context) ?? throw StepCaException.BadRequest("missing ott or client certificate");
        var leaf = LeafVerifier.Verify(certificate, authority.Active, authority.Time.GetUtcNow());
        // A serial number alone is no proof: who has an issuer's key can sign another certificate with it.
        if (await authority.FindAsync(leaf.Serial, context.RequestAborted) is not { } record || !record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span))
        {
            throw StepCaException.NotFound("no certificate has this serial number");
        }

        return leaf.Serial.AsSpan().SequenceEqual(serial)
            ? Create(body, serial, $"certificate:{leaf.Parsed.Names.CommonName}", token: null)
            : throw StepCaException.BadRequest("serial number in client certificate different than body");
    }

    private static Revocation Create(RevokeBody body, byte[] serial, string by, UsedToken? token) =>
        new() { Serial = serial, ReasonCode = (RevocationReason)(body.ReasonCode ?? 0), Reason = body.Reason, By = by, BurnToken = token };
}
