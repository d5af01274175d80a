using System.Security.Claims;

namespace IoTPlatform.Identity;

/// <summary>Who runs <c>iot</c> on the machine itself, with the data folder: in the audit log <c>operator:USER</c>.</summary>
public static class MachineOperator
{
    public const string Prefix = "operator:";

    /// <summary>The user that this process runs as.</summary>
    public static string Current => Prefix + Environment.UserName;

    public static bool Is(ClaimsPrincipal caller) => caller.Identity?.Name is { } name && name.StartsWith(Prefix, StringComparison.Ordinal);
}
