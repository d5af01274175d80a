namespace IoTPlatform.Iot;

internal enum FirstBootState
{
    Started,
    Waiting,
    Done,
}
