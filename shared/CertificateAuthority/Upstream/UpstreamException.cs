using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Upstream;

/// <summary>Upstream gave nothing. The message is for the log: callers learn neither addresses nor reasons.</summary>
internal sealed class UpstreamException(UpstreamFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public UpstreamFailure Failure => failure;

    /// <summary>Its status; null: there was no answer.</summary>
    public int? Status { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Upstream may have done what it was asked for.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>For the client.</summary>
    public ProblemException ToProblem() => failure switch
    {
        UpstreamFailure.Refused => new ProblemException(403, "upstream_refused", "the authority upstream refuses this certificate; the log here says why", inner: this),
        UpstreamFailure.Unusable => new ProblemException(502, "upstream_unusable", "the authority upstream can't be used; the log here says why", inner: this),
        _ => new ProblemException(503, "upstream_unavailable", "the authority upstream gives no answer", RetryAfter ?? Soon, this),
    };
}

internal enum UpstreamFailure
{
    /// <summary>It is away, or busy: later it may do.</summary>
    Unavailable,

    /// <summary>It does not sign this certificate.</summary>
    Refused,

    /// <summary>Its root, its provisioner, this host's credential or its answer is not what it should be.</summary>
    Unusable,
}
