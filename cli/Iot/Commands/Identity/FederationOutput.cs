using IoTPlatform.Contracts.Identity;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>What the tenant's realm needs, in the form of the tenant's <c>keycloak-federation.env</c>.</summary>
internal static class FederationOutput
{
    public static void Write(Run run, FederationCredentials credentials) => run.Terminal.Result(credentials, console =>
    {
        console.WriteLine($"CDM_IDP_CLIENT_ID={credentials.CdmIdpClientId}");
        console.WriteLine($"CDM_IDP_CLIENT_SECRET={credentials.CdmIdpClientSecret}");
        console.WriteLine($"CDM_DISCOVERY_URL={credentials.CdmDiscoveryUrl}");
    });
}
