using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class IdentityCommand
{
    public static Command Create() => Verb.Group(
        "identity", "The provider's realm at Keycloak, and the tenants' clients in it.", ["iot identity init", "iot identity federate acme --keycloak-url https://keycloak.acme.example"],
        IdentityInit.Create(), IdentityFederate.Create(), IdentityRotateSecret.Create());
}
