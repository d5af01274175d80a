namespace IoTPlatform.Pki.Signing.Tests;

internal static class Refusal
{
    public static PkiException ShouldBeRefused(this Action action, PkiError error)
    {
        var exception = Should.Throw<PkiException>(action);
        exception.Error.ShouldBe(error, exception.Message);
        return exception;
    }
}
