namespace IoTPlatform.Agent;

/// <summary>The problem codes after which renewing again is pointless.</summary>
public static class RevocationCodes
{
    public static bool Contains(string code) => code is "device_revoked" or "certificate_revoked";
}
