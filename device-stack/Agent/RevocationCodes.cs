namespace IoTPlatform.Agent;

/// <summary>The problem codes after which renewing again is pointless.</summary>
public static class RevocationCodes
{
    internal const string Certificate = "certificate_revoked";

    public static bool Contains(string code) => code is "device_revoked" or Certificate;
}
