using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantsCommand
{
    public static Command Create() => Verb.Group(
        "tenants", "Prepare, watch and remove the tenants of a provider.", ["iot tenants prepare acme --name \"Acme Water\" --env-file acme.env", "iot tenants list"],
        TenantsPrepare.Create(), TenantsList.Create(), TenantsShow.Create(), TenantsEvents.Create(), TenantsReplaceKey.Create(), TenantsRevokeKey.Create(),
        TenantsApprove.Create(), TenantsReject.Create(), TenantsRemove.Create(), TenantsSuspend.Create(), TenantsResume.Create(), TenantsPlan.Create(), TenantsCheck.Create(), TenantsTelemetry.Create(),
        Moved.To("rotate", "iot tenant rotate", "a tenant rotates its own Sub-CA key, which the provider does not have; ask the tenant's stack"));
}
