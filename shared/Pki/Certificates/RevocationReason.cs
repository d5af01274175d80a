namespace IoTPlatform.Pki;

/// <summary>CRLReason (RFC 5280 5.3.1). 7 is not used.</summary>
public enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

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
