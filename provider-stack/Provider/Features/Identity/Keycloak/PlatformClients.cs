namespace IoTPlatform.Provider.Features.Identity.Keycloak;

/// <summary>The names of what the platform keeps in its realm for itself.</summary>
internal static class PlatformClients
{
    /// <summary>The one account that makes the tenants' clients: it may create clients and nothing else.</summary>
    public const string Provisioner = "iot-provisioner";

    /// <summary>Scope of the tenants' clients: shows a tenant's realm the platform roles of who signs in, and opens nothing here.</summary>
    public const string FederationScope = "iot-federation";

    /// <summary>The claim in which that scope shows them.</summary>
    public const string PlatformRolesClaim = "platform_roles";

    public static readonly string[] PlatformRoles = ["platform-admin", "platform-operator"];
}
