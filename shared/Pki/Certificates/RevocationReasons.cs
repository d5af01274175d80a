namespace IoTPlatform.Pki;

public static class RevocationReasons
{
    /// <summary>From the number that requests and events carry.</summary>
    public static bool TryParse(int code, out RevocationReason reason)
    {
        reason = (RevocationReason)code;
        return Enum.IsDefined(reason);
    }

    /// <summary>The certificate was replaced or is not needed any more; for any other reason its key, or what was said of it, can't be trusted.</summary>
    public static bool LeavesKeyTrusted(this RevocationReason reason) => reason is RevocationReason.Superseded or RevocationReason.CessationOfOperation;
}
