using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.Mqtt;

namespace IoTPlatform.Tenant.Features.SubCa;

/// <summary>What this tenant does by itself after an emergency at the provider: another key when its Sub-CA was revoked, another chain when the Intermediate CA was replaced.</summary>
internal sealed partial class SubCaReplacement(
    SubCaRotation rotation, BridgeRenewal bridgeRenewal, RevokedSubCaRefresh revokedSubCas, RevokedIntermediatesRefresh revokedIntermediates, Authority authority, IDeviceSessions sessions, ILogger<SubCaReplacement> log)
{
    /// <summary>The provider signs with another Intermediate CA than the one above this Sub-CA: Sub-CA and bridge certificate are fetched again, for the same keys.</summary>
    public async Task FollowIntermediateAsync(PlatformView platform, ProviderClient bridge, CancellationToken cancellationToken)
    {
        if (platform.IntermediateKeyId is not { } now || now == Convert.ToHexStringLower(IssuerInfo.FromCertificate(authority.Chain.Certificates[^2]).SubjectKeyIdentifier.Span))
        {
            return;
        }

        await rotation.ReissueAsync(bridge, newKey: false, cancellationToken);
        await revokedIntermediates.RunAsync(cancellationToken);
        await revokedSubCas.RunAsync(cancellationToken);
        await bridgeRenewal.RunAsync(cancellationToken);
        Followed(now);
    }

    /// <summary>False: the provider has revoked the Sub-CA without wanting another key.</summary>
    public async Task<bool> TryRekeyAsync(ProviderClient bridge, CancellationToken cancellationToken)
    {
        try
        {
            await rotation.ReissueAsync(bridge, newKey: true, cancellationToken);
        }
        catch (ApiException e) when (e.Status is 400 or 401 or 403 or 409)
        {
            NotRekeyed(e.Code);
            return false;
        }

        Rekeyed();
        // They come again at once, look at the list of revoked Sub-CAs, and renew.
        sessions.EndAll("The Sub-CA was replaced: connect again and renew.");
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider has another Intermediate CA ({KeyId}); Sub-CA and bridge certificate stand on it now")]
    private partial void Followed(string keyId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider has revoked the Sub-CA in use. There is another key and another Sub-CA; devices renew against it")]
    private partial void Rekeyed();

    [LoggerMessage(Level = LogLevel.Information, Message = "The provider signs no other Sub-CA in place of the revoked one: {Code}")]
    private partial void NotRekeyed(string code);
}
