using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>A tenant stack's request to join, decoded and validated: both keys are proven to be held by whoever made the CSRs.</summary>
internal sealed record JoinSubmission
{
    public required CertificateSigningRequest SubCa { get; init; }
    public required CertificateSigningRequest Bridge { get; init; }
    public string? WgPubkey { get; init; }
    public string? KeycloakUrl { get; init; }

    /// <summary>Throws 400 with the code of what is wrong.</summary>
    public static JoinSubmission Decode(JoinRequest request, string tenantId, string platformDomain)
    {
        var subCa = TenantRequests.SubCa(request.SubCaCsr, tenantId);
        var bridge = TenantRequests.Bridge(request.MqttBridgeCsr, tenantId, platformDomain);
        TenantRequests.RequireDifferentKeys(subCa, bridge);
        return new JoinSubmission
        {
            SubCa = subCa,
            Bridge = bridge,
            WgPubkey = JoinFields.WireGuardKey(request.WgPubkey),
            KeycloakUrl = JoinFields.KeycloakUrl(request.KeycloakUrl),
        };
    }
}
