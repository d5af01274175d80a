namespace IoTPlatform.Tenant.Portal;

/// <summary>The checks of first boot for people.</summary>
internal static class JoinWords
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["provider-root"] = "The provider's root has the fingerprint that was given",
        ["sub-ca-key"] = "The Sub-CA's key is on this machine, and opens",
        ["new-join-key"] = "No new JOIN key is left to be used",
        ["bridge-key"] = "The bridge has its key",
        ["wireguard-key"] = "The WireGuard server has its key",
        ["join"] = "The provider's bundle is here, complete and for these keys",
        ["database-owner"] = "The database is this tenant's",
        ["sub-ca-certificate"] = "The Sub-CA is installed and chains to the root",
        ["bridge-certificate"] = "The bridge's certificate is installed",
        ["bundle-files"] = "The files for other programs say what the bundle says",
        ["confirm"] = "The provider knows that everything arrived",
        ["keycloak-realm"] = "The tenant's realm is set up, where it has a Keycloak",
    };

    /// <summary>By the checks' names, in no order.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The name itself where there are no words for it.</summary>
    public static string Of(string check) => Known.GetValueOrDefault(check, check);
}
