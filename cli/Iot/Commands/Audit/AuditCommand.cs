using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class AuditCommand
{
    public static Command Create() => Verb.Group(
        "audit", "The append-only, hash-chained audit log of a provider or a tenant.", ["iot audit verify", "iot audit list --tenant"],
        AuditVerify.Create(), AuditList.Create());
}
