using IoTPlatform.Hosting;


namespace IoTPlatform.CertificateAuthority;

/// <summary>CRLReason, RFC 5280 5.3.1.</summary>
internal static class ReasonCodes
{
    public static bool IsValid(int code) => code is >= 0 and <= 10 and not 7;

    public static void ThrowIfInvalid(int code)
    {
        if (!IsValid(code))
        {
            throw new ProblemException(400, "reason_code", "The reason code must be 0 to 10, without 7 (RFC 5280 5.3.1).");
        }
    }
}
