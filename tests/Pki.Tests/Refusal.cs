namespace IoTPlatform.Pki.Tests;

internal static class Refusal
{
    public static PkiException ShouldBeRefused(this Action action, PkiError error)
    {
        var exception = Should.Throw<PkiException>(action);
        exception.Error.ShouldBe(error, exception.Message);
        return exception;
    }

    public static void ShouldBeRefused(this Func<object?> action, PkiError error) => ShouldBeRefused(() => { action(); }, error);
}
