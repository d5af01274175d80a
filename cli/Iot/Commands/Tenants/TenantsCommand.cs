using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantsCommand
{
    public static Command Create() => Verb.Group(
        "tenants", "Prepare, watch and remove the tenants of a provider.", ["iot tenants prepare acme --name \"Acme Water\" --env-file acme.env", "iot tenants list"],
        TenantsPrepare.Create(), TenantsList.Create(), TenantsShow.Create(), TenantsEvents.Create(), TenantsReplaceKey.Create(), TenantsRevokeKey.Create(),
        TenantsApprove.Create(), TenantsReject.Create(), TenantsRemove.Create(), TenantsSuspend.Create(), TenantsResume.Create(), TenantsPlan.Create(), TenantsCheck.Create(), TenantsTelemetry.Create(), TenantsRotate.Create());
}
