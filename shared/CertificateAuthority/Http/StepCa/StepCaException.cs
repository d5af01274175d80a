namespace IoTPlatform.CertificateAuthority;

/// <summary>An answer in step-ca's error shape. The message is shown to the caller, the reason is for the log.</summary>
internal sealed class StepCaException(int status, string message, string? reason = null, Exception? inner = null) : Exception(reason ?? message, inner)
{
    private const string SeeLogs = "Please see the certificate authority logs for more info.";

    public int Status { get; } = status;

    public string Answer { get; } = message;

    public static StepCaException BadRequest(string what, Exception? inner = null) => new(400, $"The request could not be completed: {what}.", inner: inner);

    /// <summary>Always the same words: a refused caller learns nothing about why.</summary>
    public static StepCaException Unauthorized(string reason, Exception? inner = null) => new(401, "The request lacked necessary authorization to be completed. " + SeeLogs, reason, inner);

    public static StepCaException Forbidden(string what, Exception? inner = null) => new(403, $"The request was forbidden by the certificate authority: {what}.", inner: inner);

    public static StepCaException NotFound(string reason) => new(404, "The requested resource could not be found. " + SeeLogs, reason);

    public static StepCaException NotImplemented(string reason) => new(501, "The requested method is not implemented by the certificate authority. " + SeeLogs, reason);

    public static StepCaException TooLarge() => new(413, "The request could not be completed: request body too large.");
}
