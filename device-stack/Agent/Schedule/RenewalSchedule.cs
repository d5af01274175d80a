namespace IoTPlatform.Agent;

/// <summary>When to renew: after 2/3 of the lifetime, spread over the next twelfth, which leaves a quarter for outages.</summary>
public static class RenewalSchedule
{
    /// <param name="notBefore">Start of the certificate's validity.</param>
    /// <param name="notAfter">End of the certificate's validity.</param>
    /// <param name="jitter">0 up to 1.</param>
    public static DateTimeOffset RenewAt(DateTimeOffset notBefore, DateTimeOffset notAfter, double jitter)
    {
        var lifetime = notAfter - notBefore;
        return notBefore + (lifetime * 2 / 3) + (lifetime / 12 * Math.Clamp(jitter, 0, 1));
    }
}
