using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantCommand
{
    public static Command Create() => Verb.Group(
        "tenant", "Operate a tenant's own stack: asks the tenant, not the provider.", ["iot tenant rotate --data /var/lib/iotplatform/acme"],
        TenantRotate.Create());
}
