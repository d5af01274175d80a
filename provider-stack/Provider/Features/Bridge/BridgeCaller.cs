using System.Security.Claims;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Bridge;

internal static class BridgeCaller
{
    /// <summary>From the CA's store, not from a name in the certificate.</summary>
    public static string TenantOf(ClaimsPrincipal user) => user.FindFirstValue(ClientCertificateDefaults.TenantClaim) ?? throw Refusal();

    public static void RequireTenant(ClaimsPrincipal user, string tenantId)
    {
        if (!string.Equals(TenantOf(user), tenantId, StringComparison.Ordinal))
            throw Refusal();
    }

    public static ProblemException Refusal() => new(StatusCodes.Status403Forbidden, "not_this_tenant", "This certificate does not speak for that tenant.");
}
