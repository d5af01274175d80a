namespace IoTPlatform.Provider.Portal;

/// <summary>Types of events for people.</summary>
internal static class EventWords
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["tenant.prepared"] = "Prepared",
        ["tenant.joined"] = "Joined",
        ["tenant.suspended"] = "Suspended",
        ["tenant.resumed"] = "Resumed",
        ["tenant.removed"] = "Removed",
        ["bridge.up"] = "Bridge connected",
        ["bridge.down"] = "Bridge disconnected",
        ["certificate.issued"] = "Certificate issued",
        ["certificate.renewed"] = "Certificate renewed",
        ["certificate.revoked"] = "Certificate revoked",
        ["certificate.expiring"] = "Certificate about to expire",
    };

    /// <summary>An actor of the audit log.</summary>
    public static string By(string actor) => actor.StartsWith("join:", StringComparison.Ordinal) ? "its JOIN" : actor == "system" ? "the platform" : actor;

    /// <summary>The type itself where there are no words for it.</summary>
    public static string Of(string type) => Known.GetValueOrDefault(type, type);
}
