"""HyperModels as users write them."""

import keras
import keras_tuner
from hgq.layers import QDense


class Tagger(keras_tuner.HyperModel):
    def build(self, hp):
        inputs = tensor = keras.Input((6,))
        for index in range(hp.Int("layers", 1, 2)):
            tensor = QDense(hp.Int(f"units_{index}", 4, 16, step=4), activation="relu", name=f"dense_{index}")(tensor)
        head = hp.Choice("head", ["plain", "wide"])
        with hp.conditional_scope("head", ["wide"]):
            if head == "wide":
                tensor = QDense(hp.Int("wide_units", 8, 32, sampling="log", step=2), name="wide")(tensor)
        return keras.Model(inputs, QDense(5, name="scores")(tensor))


class Plain(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(hp.Int("units", 4, 8)), QDense(5)])


class Wrong(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.Input((6,)), QDense(hp.Int("units", 4, 8))])


class Probabilities(keras_tuner.HyperModel):
    def build(self, hp):
        return keras.Sequential([keras.Input((6,)), QDense(hp.Int("units", 5, 6)), QDense(5, activation="softmax")])
